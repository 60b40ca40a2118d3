-- Name the last workflows of which runs ended, the latest first; several runs of one workflow are one.

SELECT correlation_id, max(started_at) AS started_at
FROM debug_runs
WHERE status <> 'running'
    AND (%(project)s::text IS NULL OR project = %(project)s)
    AND (%(branch)s::text IS NULL OR git_branch = %(branch)s)
GROUP BY correlation_id
ORDER BY max(started_at) DESC, correlation_id DESC
LIMIT %(limit)s;
