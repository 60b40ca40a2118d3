-- Give the phases of a run that took longest.

SELECT s.agent_name, s.operation_name, s.step_type, s.status, s.started_at, s.completed_at, s.duration_ms, s.error_event_id
FROM debug_workflow_steps AS s
WHERE s.correlation_id = %(correlation_id)s AND s.step_type IN ('collect', 'setup', 'call', 'teardown')
    AND s.started_at >= %(began)s AND (%(ended)s::timestamptz IS NULL OR s.started_at <= %(ended)s)
    AND s.completed_at IS NOT NULL
ORDER BY s.completed_at - s.started_at DESC, s.step_number
LIMIT %(limit)s;
