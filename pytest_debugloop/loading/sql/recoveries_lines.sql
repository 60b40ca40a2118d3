-- Find out which commits come after which, as far as that matters for the run that is concluded: what passes on a later
-- commit is on the line of what failed on an earlier one, whatever their branches are called.
--
-- Ten thousand commits back, or on, are as good as all. Of runs that were concluded before those are looked at again whose
-- commits turn out to be related only now, so that nothing depends on who reported a commit first.

CREATE TEMP TABLE own ON COMMIT DROP AS
SELECT id, project, git_commit, git_tree, change_id FROM debug_runs WHERE id = %(run_id)s;

-- A squash and a rebase are no descendants of what they merge. What names the change, in its message (commits.sql), comes
-- after all commits that were tested as that change.
INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT project, 'change ' || change_id, git_commit FROM own
WHERE git_commit IS NOT NULL AND length(change_id) <= 20
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

-- And of two commits with the same files the one that was run later comes after the other, unless git has them related.
CREATE TEMP TABLE of_one_tree ON COMMIT DROP AS
SELECT r.project, r.git_commit, min(r.started_at) AS started_at
FROM debug_runs AS r
JOIN own USING (project, git_tree)
WHERE r.git_commit IS NOT NULL AND own.git_commit IS NOT NULL
GROUP BY r.project, r.git_commit;

INSERT INTO debug_commit_parents (project, git_commit, git_parent)
WITH RECURSIVE pairs AS (
    SELECT
        own.project, other.git_commit AS other,
        own.git_commit AS own,
        (mine.started_at, own.git_commit) > (other.started_at, other.git_commit) AS is_later
    FROM own
    JOIN of_one_tree AS mine USING (project, git_commit)
    JOIN of_one_tree AS other ON other.git_commit <> own.git_commit
),
found (project, git_commit, begun) AS (
    SELECT project, own, own FROM pairs
    UNION
    SELECT project, other, other FROM pairs
    UNION
    SELECT f.project, c.git_parent, f.begun
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = f.project AND c.git_commit = f.git_commit
),
before AS (
    SELECT git_commit, begun FROM found LIMIT 20000
)
SELECT p.project, CASE WHEN p.is_later THEN p.own ELSE p.other END, CASE WHEN p.is_later THEN p.other ELSE p.own END
FROM pairs AS p
WHERE NOT EXISTS (
    SELECT FROM before AS b WHERE (b.git_commit, b.begun) IN ((p.own, p.other), (p.other, p.own))
)
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

CREATE TEMP TABLE own_ancestors ON COMMIT DROP AS
WITH RECURSIVE found (project, git_commit) AS (
    SELECT project, git_commit FROM own WHERE git_commit IS NOT NULL
    UNION
    SELECT f.project, c.git_parent
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = f.project AND c.git_commit = f.git_commit
)
SELECT git_commit FROM found LIMIT 10000;

CREATE TEMP TABLE new_commits ON COMMIT DROP AS
SELECT c.project, c.git_commit, c.git_parent
FROM debug_commit_parents AS c
JOIN own USING (project)
WHERE NOT c.is_linked;

UPDATE debug_commit_parents AS c SET is_linked = TRUE
FROM new_commits AS n
WHERE c.project = n.project AND c.git_commit = n.git_commit AND c.git_parent = n.git_parent;

-- Runs that were concluded before anybody knew what their commits come after.
CREATE TEMP TABLE runs_after ON COMMIT DROP AS
WITH RECURSIVE found (project, git_commit) AS (
    SELECT project, git_commit FROM new_commits
    UNION
    SELECT f.project, c.git_commit
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = f.project AND c.git_parent = f.git_commit
)
SELECT r.id
FROM (SELECT * FROM found LIMIT 10000) AS f
JOIN debug_runs AS r ON r.project = f.project AND r.git_commit = f.git_commit
WHERE r.id <> %(run_id)s;

CREATE TEMP TABLE runs_before ON COMMIT DROP AS
WITH RECURSIVE found (project, git_commit) AS (
    SELECT project, git_parent FROM new_commits WHERE EXISTS (SELECT FROM runs_after)
    UNION
    SELECT f.project, c.git_parent
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = f.project AND c.git_commit = f.git_commit
)
SELECT r.id
FROM (SELECT * FROM found LIMIT 10000) AS f
JOIN debug_runs AS r ON r.project = f.project AND r.git_commit = f.git_commit;

ANALYZE own_ancestors, runs_after, runs_before;

CREATE TEMP TABLE looked_at ON COMMIT DROP AS
SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
    (e.metadata ->> 'attempt')::integer AS attempt
FROM debug_error_events AS e
WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.task_id IS NOT NULL
UNION
SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
    (e.metadata ->> 'attempt')::integer AS attempt
FROM debug_success_events AS s
JOIN debug_runs AS passing ON passing.id = s.run_id
JOIN debug_error_events AS e
    ON e.task_id = s.task_id
    -- Not recovered before this success, or by this one, as far as was known.
    AND coalesce(e.resolved_at, timestamptz 'infinity') >= s.occurred_at
    AND e.occurred_at < s.occurred_at
JOIN debug_runs AS failing ON failing.id = e.run_id
WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s AND s.task_id IS NOT NULL
    AND (
        debug_is_same_line(failing, passing)
        OR (failing.leg = passing.leg AND failing.git_commit IN (SELECT git_commit FROM own_ancestors))
    )
UNION
-- Of another line, as it seemed, until it was known that the commit of a later run comes after theirs.
SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
    (e.metadata ->> 'attempt')::integer AS attempt
FROM runs_before AS b
JOIN debug_runs AS failing ON failing.id = b.id
JOIN debug_error_events AS e ON e.correlation_id = failing.correlation_id AND e.run_id = failing.id
WHERE e.task_id IS NOT NULL AND EXISTS (
    SELECT FROM runs_after AS a
    JOIN debug_runs AS passing ON passing.id = a.id
    WHERE passing.leg = failing.leg AND passing.id <> failing.id
        AND coalesce(passing.finished_at, 'infinity') > e.occurred_at
        AND passing.started_at <= coalesce(e.resolved_at, 'infinity')
        AND NOT debug_is_same_line(failing, passing)
)
UNION
-- Recovered, as it seemed, until it was known that the commit of the pass comes before theirs.
SELECT e.id, e.task_id, e.run_id, e.agent_name, e.occurred_at, e.metadata ->> 'subtest' AS subtest,
    (e.metadata ->> 'attempt')::integer AS attempt
FROM runs_after AS a
JOIN debug_runs AS failing ON failing.id = a.id
JOIN debug_error_events AS e ON e.correlation_id = failing.correlation_id AND e.run_id = failing.id
JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id
JOIN debug_success_events AS s ON s.id = c.success_event_id
WHERE e.task_id IS NOT NULL AND s.run_id IN (SELECT id FROM runs_before);

ANALYZE looked_at;

-- Their runs; of those that debug_is_same_line() tells alike one stands for all.
CREATE TEMP TABLE failing_runs ON COMMIT DROP AS
SELECT id, project, leg, git_commit, started_at,
    first_value(id) OVER (
        PARTITION BY project, leg, line, change_id, CASE WHEN git_branch IS NULL AND change_id IS NULL THEN
            ROW (git_commit IS NULL, ci ->> 'cicd.provider' IS NULL, checkout_id, rootdir, boot_id)::text
        END
        ORDER BY id
    ) AS alike
FROM debug_runs
WHERE id IN (SELECT run_id FROM looked_at);

CREATE TEMP TABLE runs_on_line ON COMMIT DROP AS
SELECT failing.id AS alike, passing.id, passing.project, passing.git_commit, passing.started_at
FROM debug_runs AS failing
JOIN debug_runs AS passing ON debug_is_same_line(failing, passing)
WHERE failing.id IN (SELECT alike FROM failing_runs);

ANALYZE failing_runs, runs_on_line;

-- Which commits come after those of the failures, themselves included.
CREATE TEMP TABLE descents ON COMMIT DROP AS
WITH RECURSIVE failing AS (
    SELECT DISTINCT git_commit FROM failing_runs WHERE git_commit IS NOT NULL
),
found (failing, git_commit) AS (
    SELECT git_commit, git_commit FROM failing
    UNION
    SELECT f.failing, c.git_commit
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = (SELECT project FROM own) AND c.git_parent = f.git_commit
)
SELECT f.failing, f.git_commit AS passing
FROM (SELECT * FROM found LIMIT 200000) AS f
WHERE EXISTS (
    SELECT FROM debug_runs AS r WHERE r.project = (SELECT project FROM own) AND r.git_commit = f.git_commit
);

-- Which come before them, where a later run on the same line was on one that does not come after.
CREATE TEMP TABLE ascents ON COMMIT DROP AS
WITH RECURSIVE failing AS (
    SELECT DISTINCT f.git_commit
    FROM failing_runs AS f
    WHERE EXISTS (
        SELECT FROM runs_on_line AS p
        WHERE p.alike = f.alike AND p.project = f.project AND p.started_at > f.started_at - interval '1 day'
            AND p.git_commit <> f.git_commit
            AND (f.git_commit, p.git_commit) NOT IN (SELECT failing, passing FROM descents)
    )
),
found (failing, git_commit) AS (
    SELECT git_commit, git_commit FROM failing
    UNION
    SELECT f.failing, c.git_parent
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = (SELECT project FROM own) AND c.git_commit = f.git_commit
)
SELECT f.failing, f.git_commit AS passing
FROM (SELECT * FROM found LIMIT 200000) AS f
WHERE f.failing <> f.git_commit AND EXISTS (
    SELECT FROM debug_runs AS r WHERE r.project = (SELECT project FROM own) AND r.git_commit = f.git_commit
);

CREATE TEMP TABLE runs_later ON COMMIT DROP AS
SELECT d.failing, r.leg, r.id
FROM descents AS d
JOIN debug_runs AS r ON r.git_commit = d.passing
WHERE r.leg IN (SELECT leg FROM failing_runs);

ANALYZE descents, ascents, runs_later;
