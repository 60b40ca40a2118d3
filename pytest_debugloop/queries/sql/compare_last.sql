-- Give the last run that was made here: in this run of the CI, where it is one, in this leg first; else in this checkout.

SELECT
    r.id, r.leg, r.status, r.exit_status, r.started_at, r.finished_at, r.project, r.git_branch, r.git_commit,
    r.change_id, r.target_branch, 0::bigint AS errors_outside
FROM debug_runs AS r
WHERE (%(project)s::text IS NULL OR r.project = %(project)s)
    AND CASE
        WHEN %(session_id)s::uuid IS NOT NULL THEN r.session_id = %(session_id)s
        WHEN %(checkout_id)s::uuid IS NOT NULL THEN r.checkout_id = %(checkout_id)s OR r.rootdir = %(rootdir)s
        ELSE r.rootdir = %(rootdir)s
    END
    AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
    AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
    AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
    AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
    AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
    AND (%(since)s::timestamptz IS NULL OR r.started_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR r.started_at < %(until)s)
ORDER BY r.leg = %(leg_here)s DESC, r.started_at DESC, r.id DESC
LIMIT 1;
