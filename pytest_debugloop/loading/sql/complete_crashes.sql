-- Tie a worker's crash to the step that the worker was in, which its own journal leaves open.

UPDATE debug_workflow_steps AS s
SET status = 'failed',
    error_event_id = e.id,
    completed_at = e.occurred_at,
    duration_ms = least(greatest(extract(epoch FROM e.occurred_at - s.started_at) * 1000, 0), 2147483647)::integer,
    metadata = s.metadata || '{"outcome": "failed", "rev": 1000}'
FROM debug_error_events AS e
WHERE e.correlation_id = %(correlation_id)s
    AND e.error_type = 'worker_crash'
    AND s.correlation_id = %(correlation_id)s
    AND s.status = 'started'
    AND s.agent_name = e.agent_name
    AND s.operation_name = e.operation_name;

UPDATE debug_error_events AS e SET execution_step = s.step_number
FROM debug_workflow_steps AS s
WHERE e.correlation_id = %(correlation_id)s
    AND e.error_type = 'worker_crash'
    AND s.error_event_id = e.id
    AND e.execution_step IS DISTINCT FROM s.step_number;
