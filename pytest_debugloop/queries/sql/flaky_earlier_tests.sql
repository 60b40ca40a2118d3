-- Name the tests that began before some attempts of a test in their process and not before others, and how these ended.

WITH attempts AS MATERIALIZED (
    SELECT *, count(*) OVER test AS attempts, count(*) FILTER (WHERE failed) OVER test AS failures
    FROM unnest(
        %(task_ids)s::uuid[], %(correlation_ids)s::uuid[], %(agents)s::text[], %(operations)s::text[],
        %(steps)s::integer[], %(failed)s::boolean[]
    ) AS a (task_id, correlation_id, agent_name, operation_name, step_number, failed)
    WINDOW test AS (PARTITION BY task_id)
)
SELECT
    task_id, earlier, failures_after AS failures, attempts_after AS attempts, failures - failures_after AS other_failures,
    attempts - attempts_after AS other_attempts
FROM (
    SELECT
        a.task_id, p.operation_name AS earlier, count(*) AS attempts_after,
        count(*) FILTER (WHERE a.failed) AS failures_after, a.attempts, a.failures
    FROM attempts AS a
    CROSS JOIN LATERAL (
        SELECT DISTINCT p.operation_name FROM debug_workflow_steps AS p
        WHERE p.correlation_id = a.correlation_id AND p.step_number < a.step_number AND p.agent_name = a.agent_name
            AND p.step_type = 'setup' AND p.operation_name <> a.operation_name
    ) AS p
    GROUP BY a.task_id, p.operation_name, a.attempts, a.failures
) AS counted
WHERE attempts_after >= %(least)s AND attempts - attempts_after >= %(least)s
ORDER BY task_id, earlier;
