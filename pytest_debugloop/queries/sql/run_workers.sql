-- Sum up what each process of a run did.

SELECT
    s.agent_name,
    min(s.started_at) AS began_at,
    max(coalesce(s.completed_at, s.started_at)) AS ended_at,
    count(*) FILTER (WHERE s.step_type = 'call') AS tests,
    coalesce(extract(epoch FROM sum(s.completed_at - s.started_at) FILTER (WHERE s.step_type = 'setup')), 0)::double precision
        AS setup_seconds,
    coalesce(extract(epoch FROM sum(s.completed_at - s.started_at) FILTER (WHERE s.step_type = 'call')), 0)::double precision
        AS call_seconds,
    coalesce(extract(epoch FROM sum(s.completed_at - s.started_at) FILTER (WHERE s.step_type = 'teardown')), 0)::double precision
        AS teardown_seconds
FROM debug_workflow_steps AS s
WHERE s.correlation_id = %(correlation_id)s AND s.step_type IN ('collect', 'setup', 'call', 'teardown')
    AND s.started_at >= %(began)s AND (%(ended)s::timestamptz IS NULL OR s.started_at <= %(ended)s)
GROUP BY s.agent_name
ORDER BY s.agent_name;
