-- Find the runs on the lines of these failures, and the commits that come after theirs, or before.

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
    JOIN debug_commit_parents AS c ON c.project = (SELECT project FROM debug_runs WHERE id = %(run_id)s) AND c.git_parent = f.git_commit
)
SELECT f.failing, f.git_commit AS passing
FROM (SELECT * FROM found LIMIT 200000) AS f
WHERE EXISTS (
    SELECT FROM debug_runs AS r WHERE r.project = (SELECT project FROM debug_runs WHERE id = %(run_id)s) AND r.git_commit = f.git_commit
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
    JOIN debug_commit_parents AS c ON c.project = (SELECT project FROM debug_runs WHERE id = %(run_id)s) AND c.git_commit = f.git_commit
)
SELECT f.failing, f.git_commit AS passing
FROM (SELECT * FROM found LIMIT 200000) AS f
WHERE f.failing <> f.git_commit AND EXISTS (
    SELECT FROM debug_runs AS r WHERE r.project = (SELECT project FROM debug_runs WHERE id = %(run_id)s) AND r.git_commit = f.git_commit
);

CREATE TEMP TABLE runs_later ON COMMIT DROP AS
SELECT d.failing, r.leg, r.id
FROM descents AS d
JOIN debug_runs AS r ON r.git_commit = d.passing
WHERE r.leg IN (SELECT leg FROM failing_runs);

ANALYZE descents, ascents, runs_later;
