-- Find the failures for which the run may change whether they have recovered: its own, and those that its tests had before.

CREATE TEMP TABLE looked_at ON COMMIT DROP AS
WITH RECURSIVE found (project, git_commit) AS (
    SELECT project, git_commit FROM debug_runs WHERE id = %(run_id)s AND git_commit IS NOT NULL
    UNION
    SELECT f.project, c.git_parent
    FROM found AS f
    JOIN debug_commit_parents AS c ON c.project = f.project AND c.git_commit = f.git_commit
),
own_ancestors AS MATERIALIZED (
    SELECT git_commit FROM found LIMIT 10000
)
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
    );
