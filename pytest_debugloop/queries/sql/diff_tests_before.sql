-- Name the tests that began in a process before a moment, each once, in order.

SELECT DISTINCT ON (min(s.started_at), s.operation_name) s.operation_name
FROM debug_workflow_steps AS s
WHERE s.correlation_id = %(correlation_id)s AND (%(agent_name)s::text IS NULL OR s.agent_name = %(agent_name)s) AND s.step_type = 'setup'
    AND s.started_at < %(began_at)s AND s.operation_name IS DISTINCT FROM %(operation_name)s
GROUP BY s.operation_name
ORDER BY min(s.started_at), s.operation_name;
