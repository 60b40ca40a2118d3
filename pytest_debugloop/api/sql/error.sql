-- Record an error.

INSERT INTO debug_error_events (
    correlation_id, session_id, error_type, error_category, error_severity, error_message, error_stack_trace,
    error_code, agent_name, operation_name, execution_step, state_snapshot_id, is_recoverable, metadata
)
VALUES (
    %(correlation_id)s, %(session_id)s, %(error_type)s, %(category)s, %(severity)s, %(message)s, %(stack_trace)s,
    left(%(error_code)s, 50), left(%(agent_name)s, 255), left(%(operation_name)s, 255), %(execution_step)s,
    %(snapshot_id)s, %(is_recoverable)s, %(metadata)s::jsonb
)
RETURNING id;
