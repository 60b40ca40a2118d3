-- Record a success.

INSERT INTO debug_success_events (
    correlation_id, session_id, success_type, operation_name, agent_name, execution_step, state_snapshot_id,
    quality_score, completion_status, validation_passed, execution_time_ms, retry_count, success_factors, metadata
)
VALUES (
    %(correlation_id)s, %(session_id)s, %(success_type)s, left(%(operation_name)s, 255), left(%(agent_name)s, 255),
    %(execution_step)s, %(snapshot_id)s, %(quality_score)s, %(completion_status)s, %(validation_passed)s,
    %(execution_time_ms)s, %(retry_count)s, %(success_factors)s::jsonb, %(metadata)s::jsonb
)
RETURNING id;
