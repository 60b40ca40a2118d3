-- Give the runs of one side of a comparison: of each leg the last one, with what its session ran in that leg besides. A
-- leg that was last run two weeks before another is not run any more.

WITH named AS MATERIALIZED (
    SELECT r.id, r.leg, r.session_id, r.started_at
    FROM debug_runs AS r
    WHERE (%(project)s::text IS NULL OR r.project = %(project)s)
        AND CASE %(kind)s
            WHEN 'run' THEN r.id::text = %(key)s
            WHEN 'last' THEN r.id::text = %(key)s
            WHEN 'session' THEN r.session_id::text = %(key)s
            -- A change from a fork's branch of the same name is not on the branch that it is to be merged into.
            WHEN 'branch' THEN r.git_branch = %(key)s AND (r.change_id IS NULL OR r.target_branch IS DISTINCT FROM %(key)s)
            WHEN 'change' THEN r.change_id = %(key)s
            WHEN 'commit' THEN r.git_commit = %(key)s
            -- Where nothing names a branch: what was run before on the line of a run.
            WHEN 'line' THEN r.line = (SELECT line FROM debug_runs WHERE id::text = %(key)s)
        END
        AND (%(kind)s IN ('run', 'last') OR r.status <> 'running')
        AND (%(before)s::timestamptz IS NULL OR r.started_at < %(before)s)
        AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
        AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
        AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
        AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
        AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
        AND (%(since)s::timestamptz IS NULL OR r.started_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR r.started_at < %(until)s)
),
last_of_leg AS (
    SELECT *
    FROM (
        SELECT *, max(started_at) OVER () AS last_started_at
        FROM (SELECT DISTINCT ON (leg) * FROM named ORDER BY leg, started_at DESC, id) AS legs
    ) AS legs
    WHERE %(kind)s NOT IN ('branch', 'change', 'line') OR started_at > last_started_at - interval '14 days'
)
SELECT
    r.id, r.leg, r.status, r.exit_status, r.started_at, r.finished_at, r.project, r.git_branch, r.git_commit,
    r.change_id, r.target_branch,
    (
        SELECT count(*) FROM debug_error_events AS e
        WHERE e.correlation_id = r.correlation_id AND e.run_id = r.id AND e.task_id IS NULL
    ) AS errors_outside,
    r.ci ->> 'cicd.pipeline.run.url.full' AS job_url, r.ci ->> 'vcs.ref.default.name' AS default_branch
FROM last_of_leg AS l
JOIN debug_runs AS r
    ON r.id = l.id
        OR (
            %(kind)s <> 'run' AND r.session_id = l.session_id AND r.leg = l.leg
            AND (%(kind)s <> 'last' OR r.started_at <= l.started_at)
            AND (%(before)s::timestamptz IS NULL OR r.started_at < %(before)s)
            AND (%(project)s::text IS NULL OR r.project = %(project)s)
            AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
            AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
            AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
            AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
            AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
            AND (%(since)s::timestamptz IS NULL OR r.started_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR r.started_at < %(until)s)
        )
ORDER BY r.leg, r.started_at, r.id;
