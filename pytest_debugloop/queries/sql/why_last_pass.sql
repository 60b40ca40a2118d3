-- Give the last pass of a test before a failure of it, in another run: on its line, or on a commit that its own comes
-- after; where there is none, on the branch that it is to be merged into.

WITH RECURSIVE ancestors (project, git_commit) AS (
    SELECT r.project, r.git_commit
    FROM debug_error_events AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    WHERE e.id = %(error_id)s AND r.git_commit IS NOT NULL
    UNION
    SELECT a.project, c.git_parent
    FROM ancestors AS a
    JOIN debug_commit_parents AS c ON c.project = a.project AND c.git_commit = a.git_commit
),
known_ancestors AS MATERIALIZED (
    SELECT git_commit FROM ancestors LIMIT 10000
)
SELECT s.success_id, s.run_id, s.passed_at, s.test
FROM debug_error_events AS e
JOIN debug_runs AS failing ON failing.id = e.run_id
CROSS JOIN (VALUES (1), (2)) AS choice (rank)
CROSS JOIN LATERAL (
    SELECT s.id AS success_id, s.run_id, s.occurred_at AS passed_at, s.operation_name AS test
    FROM debug_success_events AS s
    JOIN debug_runs AS passing ON passing.id = s.run_id
    WHERE s.task_id = e.task_id AND s.run_id <> e.run_id AND s.occurred_at < e.occurred_at
        AND s.metadata ->> 'subtest' IS NOT DISTINCT FROM e.metadata ->> 'subtest'
        AND passing.leg = failing.leg
        AND CASE choice.rank
            WHEN 1 THEN debug_is_same_line(failing, passing) OR debug_is_same_line(passing, failing)
                OR passing.git_commit IN (SELECT git_commit FROM known_ancestors)
            -- What nobody names is mostly called so.
            ELSE passing.git_branch = failing.target_branch
                OR (failing.target_branch IS NULL AND passing.git_branch IN ('main', 'master'))
        END
        -- An attempt that failed elsewhere, in its teardown or in a subtest, is no pass.
        AND NOT EXISTS (
            SELECT FROM debug_error_events AS other
            WHERE other.task_id = s.task_id AND other.run_id = s.run_id AND other.agent_name = s.agent_name
                AND (other.metadata ->> 'attempt')::integer = s.retry_count + 1
                AND (s.metadata ->> 'subtest' IS NULL
                    OR other.metadata ->> 'subtest' IS NOT DISTINCT FROM s.metadata ->> 'subtest'
                    OR other.metadata ->> 'phase' <> 'call')
        )
    ORDER BY s.occurred_at DESC, s.id
    LIMIT 1
) AS s
WHERE e.id = %(error_id)s
ORDER BY choice.rank
LIMIT 1;
