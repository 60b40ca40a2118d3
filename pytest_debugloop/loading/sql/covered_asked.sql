-- Give the attempts of a run that are to be traced and were not, or not whole: of tests that failed in it, or before.
--
-- The latest first. How many attempts of a test are asked for is given, as coverage keeps them as one.

WITH asked AS (
    SELECT e.id, e.correlation_id, e.agent_name, e.operation_name,
        coalesce((e.metadata ->> 'attempt')::integer, 1) AS attempt, e.occurred_at
    FROM debug_error_events AS e
    WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.task_id IS NOT NULL
    UNION ALL
    SELECT s.id, s.correlation_id, s.agent_name, s.operation_name, s.retry_count + 1, s.occurred_at
    FROM debug_success_events AS s
    WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s
        AND EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = s.task_id AND e.resolved_at IS NULL)
),
attempts AS (
    SELECT DISTINCT ON (operation_name, agent_name, attempt) *
    FROM asked
    ORDER BY operation_name, agent_name, attempt, occurred_at, id
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY operation_name) AS attempts,
        row_number() OVER (PARTITION BY operation_name ORDER BY attempt DESC, occurred_at DESC) AS place
    FROM attempts
),
steps AS (
    SELECT operation_name, agent_name, (metadata ->> 'attempt')::integer AS attempt, min(started_at) AS started_at
    FROM debug_workflow_steps
    WHERE correlation_id = %(correlation_id)s AND operation_name IN (SELECT operation_name FROM counted)
    GROUP BY 1, 2, 3
)
SELECT
    coalesce(t.id, overlay(c.id::text PLACING '74' FROM 15 FOR 2)::uuid) AS id,
    c.correlation_id, c.agent_name, c.operation_name, c.attempt, c.attempts,
    coalesce(t.started_at, s.started_at, c.occurred_at) AS started_at,
    t.traced_by, t.files, t.opened, t.children, t.cut
FROM counted AS c
LEFT JOIN debug_test_traces AS t ON t.run_id = %(run_id)s
    AND t.operation_name = c.operation_name AND t.agent_name = c.agent_name AND t.attempt = c.attempt
LEFT JOIN steps AS s
    ON s.operation_name = c.operation_name AND s.agent_name = c.agent_name AND s.attempt = c.attempt
WHERE c.place = 1 AND (t.id IS NULL OR t.traced_by <> 'monitoring' OR t.cut <> '[]')
ORDER BY c.occurred_at DESC, c.id
LIMIT %(most)s;
