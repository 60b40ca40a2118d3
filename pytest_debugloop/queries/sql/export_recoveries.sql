-- List the recoveries that happened in a run.

SELECT
    c.id, s.run_id, c.correlation_id, c.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id,
    c.error_event_id AS failure_id, e.run_id AS failure_run_id, c.success_event_id AS success_id, c.error_type,
    c.error_code, c.fingerprint, c.recovery_strategy, c.confidence_score, c.recovery_path, c.recovery_duration_ms,
    c.intermediate_steps, c.evidence, c.correlated_at
FROM debug_error_success_correlation AS c
JOIN debug_success_events AS s ON s.id = c.success_event_id
JOIN debug_error_events AS e ON e.id = c.error_event_id
LEFT JOIN debug_tasks AS t ON t.id = c.task_id
WHERE s.run_id = %(run_id)s
    AND c.correlation_id = (SELECT correlation_id FROM debug_runs WHERE id = %(run_id)s)
    AND (%(task_ids)s::uuid[] IS NULL OR c.task_id = ANY (%(task_ids)s))
ORDER BY c.correlated_at, c.id;
