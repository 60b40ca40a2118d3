-- Give a failure and a pass of its test that nobody linked, as recoveries_pending.sql gives those that are linked.

SELECT
    debug_snapshot_id(s.id::text, e.id::text) AS id, e.task_id, e.run_id AS error_run, s.run_id AS success_run,
    e.agent_name AS error_agent, s.agent_name AS success_agent, greatest(s.occurred_at, e.occurred_at) AS passed_at,
    e.operation_name AS error_operation, s.operation_name AS success_operation,
    coalesce((e.metadata ->> 'attempt')::integer, 1) AS error_attempt, s.retry_count + 1 AS success_attempt,
    coalesce(e.metadata -> 'code', '[]') AS places,
    e.error_category AS category, e.error_code, left(e.error_message, 2000) AS message, 1 AS together
FROM debug_error_events AS e
JOIN debug_success_events AS s ON s.id = %(success_id)s
WHERE e.id = %(error_id)s;
