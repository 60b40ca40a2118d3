-- End a step that has begun.

UPDATE debug_workflow_steps
SET status = %(status)s, completed_at = clock_timestamp(),
    duration_ms = least(round(extract(epoch FROM clock_timestamp() - started_at) * 1000), 2147483647)::integer,
    success_event_id = %(success_event_id)s, error_event_id = %(error_event_id)s,
    output_data = %(output_data)s::jsonb, post_state_snapshot_id = %(post_state)s
WHERE id = %(id)s AND status = 'started'
RETURNING id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, status, duration_ms,
    started_at, completed_at;
