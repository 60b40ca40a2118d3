-- Find out which commits come after which, as far as that matters for the run that is concluded: what passes on a later
-- commit is on the line of what failed on an earlier one, whatever their branches are called.
--
-- Ten thousand commits back, or on, are as good as all. Of runs that were concluded before those are looked at again whose
-- commits turn out to be related only now, so that nothing depends on who reported a commit first.

-- A squash and a rebase are no descendants of what they merge. What names the change, in its message (commits.sql), comes
-- after all commits that were tested as that change.
INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT project, 'change ' || change_id, git_commit FROM debug_runs
WHERE id = %(run_id)s AND git_commit IS NOT NULL AND length(change_id) <= 20
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

-- And of two commits with the same files the one that was run later comes after the other, unless git has them related.
CREATE TEMP TABLE of_one_tree ON COMMIT DROP AS
SELECT r.project, r.git_commit, min(r.started_at) AS started_at
FROM debug_runs AS r
JOIN debug_runs AS own USING (project, git_tree)
WHERE own.id = %(run_id)s AND r.git_commit IS NOT NULL AND own.git_commit IS NOT NULL
GROUP BY r.project, r.git_commit;

INSERT INTO debug_commit_parents (project, git_commit, git_parent)
WITH RECURSIVE pairs AS (
    SELECT
        own.project, other.git_commit AS other,
        own.git_commit AS own,
        (mine.started_at, own.git_commit) > (other.started_at, other.git_commit) AS is_later
    FROM debug_runs AS own
    JOIN of_one_tree AS mine USING (project, git_commit)
    JOIN of_one_tree AS other ON other.git_commit <> own.git_commit
    WHERE own.id = %(run_id)s
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

CREATE TEMP TABLE new_commits ON COMMIT DROP AS
SELECT c.project, c.git_commit, c.git_parent
FROM debug_commit_parents AS c
JOIN debug_runs AS own USING (project)
WHERE own.id = %(run_id)s AND NOT c.is_linked;

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

ANALYZE runs_after, runs_before;
