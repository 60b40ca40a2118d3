-- List the failures of a run, or some by their ids, whole.

SELECT
    e.id, e.run_id, e.correlation_id, e.session_id, e.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id,
    e.operation_name, e.agent_name, e.metadata ->> 'phase' AS phase,
    substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.metadata ->> 'subtest' AS subtest, e.error_type, e.error_category, e.error_severity, e.error_code,
    e.error_message, e.error_stack_trace, e.metadata ->> 'exception' AS exception,
    e.metadata ->> 'fingerprint' AS fingerprint, e.metadata ? 'incident' AS is_incident,
    e.state_snapshot_id AS snapshot_id, e.recovery_strategy, e.resolved_at, e.occurred_at
FROM debug_error_events AS e
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
WHERE CASE
    WHEN %(ids)s::uuid[] IS NULL THEN
        e.run_id = %(run_id)s
        AND e.correlation_id = (SELECT correlation_id FROM debug_runs WHERE id = %(run_id)s)
    ELSE e.id = ANY (%(ids)s::uuid[])
END
    AND (%(task_ids)s::uuid[] IS NULL OR e.task_id = ANY (%(task_ids)s))
ORDER BY e.occurred_at, e.id;
