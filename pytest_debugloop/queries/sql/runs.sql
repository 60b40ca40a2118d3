-- List runs, the latest first.

SELECT
    r.id, r.correlation_id, r.session_id, r.project, r.status, r.exit_status, r.started_at, r.finished_at,
    r.git_branch, r.git_commit, r.leg, r.change_id, r.target_branch,
    CASE WHEN r.git_dirty IS NOT NULL THEN TRUE WHEN r.code_version IS NOT NULL THEN FALSE END AS is_dirty,
    r.python_version, r.platform, r.pytest_version,
    r.agent_name, r.rootdir, r.command_line, r.ci, r.steps_total, r.errors_total, r.successes_total, r.skipped_total,
    r.recoveries_total
FROM debug_runs AS r
WHERE (%(id)s::uuid IS NULL OR r.id = %(id)s)
    AND (%(project)s::text IS NULL OR r.project = %(project)s)
    AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
    AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
    AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
    AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
    AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
    AND (%(commit)s::text IS NULL OR starts_with(r.git_commit, %(commit)s))
    AND (
        %(status)s::text IS NULL
        OR CASE %(status)s
            WHEN 'passed' THEN r.exit_status = 0
            WHEN 'failed' THEN r.exit_status = 1
            WHEN 'broken' THEN r.status = 'finished' AND r.exit_status IS NULL
            ELSE r.status = %(status)s
        END
    )
    AND (%(since)s::timestamptz IS NULL OR r.started_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR r.started_at < %(until)s)
    AND (
        %(task_ids)s::uuid[] IS NULL
        OR r.id IN (SELECT run_id FROM debug_success_events WHERE task_id = ANY (%(task_ids)s))
        OR r.id IN (SELECT run_id FROM debug_error_events WHERE task_id = ANY (%(task_ids)s))
    )
ORDER BY r.started_at DESC, r.id DESC
LIMIT %(limit)s;
