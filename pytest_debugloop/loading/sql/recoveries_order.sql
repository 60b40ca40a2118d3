-- Give the tests that a process began, in order.

SELECT operation_name
FROM debug_workflow_steps
WHERE correlation_id = %(workflow)s AND agent_name = %(agent)s AND step_type = 'setup'
    AND started_at BETWEEN %(begin)s AND coalesce(%(end)s::timestamptz, 'infinity')
ORDER BY started_at, step_number;
