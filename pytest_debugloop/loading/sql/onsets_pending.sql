-- Give where tests began to fail, with the last pass before, but for what is known already.

SELECT
    e.id, e.task_id, e.run_id AS error_run, s.run_id AS success_run,
    e.agent_name AS error_agent, s.agent_name AS success_agent, s.occurred_at AS passed_at,
    e.operation_name AS error_operation, s.operation_name AS success_operation,
    coalesce((e.metadata ->> 'attempt')::integer, 1) AS error_attempt, s.retry_count + 1 AS success_attempt,
    coalesce(e.metadata -> 'code', '[]') AS places,
    e.error_category AS category, e.error_code, left(e.error_message, 2000) AS message, 1 AS together
FROM begun AS b
JOIN debug_error_events AS e ON e.id = b.id
JOIN debug_success_events AS s ON s.id = b.success_id
WHERE NOT EXISTS (SELECT FROM debug_failure_onsets AS k WHERE k.task_id = e.task_id AND k.run_id = e.run_id)
ORDER BY e.id
LIMIT %(most)s;
