-- Give a step.

SELECT id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, status, duration_ms,
    started_at, completed_at
FROM debug_workflow_steps
WHERE id = %(id)s;
