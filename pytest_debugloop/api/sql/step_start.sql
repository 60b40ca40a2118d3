-- Begin a step of a workflow, under the next free number.

INSERT INTO debug_workflow_steps (
    correlation_id, session_id, step_number, step_type, agent_name, operation_name, step_description,
    pre_state_snapshot_id, status, parent_step_id, depends_on_steps, input_data, metadata, started_at
)
VALUES (
    %(correlation_id)s, %(session_id)s, debug_next_step_number(%(correlation_id)s::uuid), %(step_type)s,
    left(%(agent_name)s, 255), left(%(operation_name)s, 255), %(description)s, %(pre_state)s, 'started', %(parent)s,
    %(depends_on)s, %(input_data)s::jsonb, %(metadata)s::jsonb, clock_timestamp()
)
RETURNING id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, status, duration_ms,
    started_at, completed_at;
