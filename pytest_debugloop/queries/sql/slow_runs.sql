-- Name the last workflows of which runs ended, the latest first; several runs of one workflow are one.

SELECT correlation_id, max(started_at) AS started_at
FROM debug_runs AS r
WHERE status <> 'running'
    AND (%(project)s::text IS NULL OR project = %(project)s)
    AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
    AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
    AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
    AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
    AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
    AND (%(since)s::timestamptz IS NULL OR r.started_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR r.started_at < %(until)s)
GROUP BY correlation_id
ORDER BY max(started_at) DESC, correlation_id DESC
LIMIT %(limit)s;
