-- Capture a state; one that is stored already keeps its id.

SELECT capture_state_snapshot(
    %(snapshot_type)s::varchar, %(correlation_id)s::uuid, left(%(agent_name)s, 255)::varchar, %(state)s::jsonb,
    %(task_description)s::text, %(session_id)s::uuid, %(execution_step)s::integer
) AS id;
