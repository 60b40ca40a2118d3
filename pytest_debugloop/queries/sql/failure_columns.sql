    -- The columns of every failure, with more to follow: of an error e, its test t, and the place at which it failed.
    e.id, e.run_id, e.correlation_id, e.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.operation_name,
    e.error_type, e.error_category, e.error_severity, e.error_code, e.error_message, e.occurred_at, e.agent_name,
    e.state_snapshot_id AS snapshot_id, e.recovery_strategy, e.resolved_at,
    e.metadata ->> 'phase' AS phase, substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.metadata ->> 'subtest' AS subtest, e.metadata ->> 'fingerprint' AS fingerprint,
    e.metadata ? 'incident' AS is_incident,
    e.cause_fingerprint AS cause, at.place ->> 0 AS file, substring(at.place ->> 1 FROM '^\d{1,9}$')::integer AS line,
    debug_failure_function(e.error_stack_trace, at.place) AS function,
