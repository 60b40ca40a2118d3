-- List failures, the latest first: those of a test, or one.

SELECT
    e.id, e.run_id, e.correlation_id, e.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.operation_name,
    e.error_type, e.error_category, e.error_severity, e.error_code, e.error_message, e.occurred_at, e.agent_name,
    e.state_snapshot_id AS snapshot_id, e.recovery_strategy, e.resolved_at,
    e.metadata ->> 'phase' AS phase, substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.metadata ->> 'subtest' AS subtest, e.metadata ->> 'fingerprint' AS fingerprint,
    e.metadata ? 'incident' AS is_incident, 1::bigint AS attempts_failed
FROM debug_error_events AS e
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
WHERE (%(id)s::uuid IS NULL OR e.id = %(id)s)
    AND (%(task_id)s::uuid IS NULL OR e.task_id = %(task_id)s)
ORDER BY e.occurred_at DESC, e.id DESC
LIMIT %(limit)s;
