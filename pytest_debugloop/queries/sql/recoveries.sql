-- List recoveries, the latest first, with both of their sides.

SELECT
    c.id, c.error_event_id, c.success_event_id, c.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id,
    e.error_type, e.error_code, e.error_message, c.fingerprint, c.recovery_strategy, c.recovery_path,
    c.recovery_duration_ms, c.intermediate_steps, c.confidence_score, c.correlated_at, c.evidence,
    e.occurred_at AS failed_at, s.occurred_at AS passed_at,
    e.run_id AS failed_run_id, s.run_id AS passed_run_id, f.git_commit AS failed_commit, p.git_commit AS passed_commit,
    e.state_snapshot_id AS failed_snapshot_id, s.state_snapshot_id AS passed_snapshot_id, s.success_factors
FROM debug_error_success_correlation AS c
JOIN debug_error_events AS e ON e.id = c.error_event_id
JOIN debug_success_events AS s ON s.id = c.success_event_id
LEFT JOIN debug_tasks AS t ON t.id = c.task_id
LEFT JOIN debug_runs AS f ON f.id = e.run_id
LEFT JOIN debug_runs AS p ON p.id = s.run_id
WHERE (%(id)s::uuid IS NULL OR c.id = %(id)s)
    AND (%(error_id)s::uuid IS NULL OR c.error_event_id = %(error_id)s)
    -- A run's are found by its workflow.
    AND (%(run_id)s::uuid IS NULL OR (s.run_id = %(run_id)s AND s.correlation_id = %(correlation_id)s))
    AND (%(task_id)s::uuid IS NULL OR c.task_id = %(task_id)s)
    AND (%(strategy)s::text IS NULL OR c.recovery_strategy = %(strategy)s)
    AND (%(project)s::text IS NULL OR t.project = %(project)s)
    -- By the run that passed.
    AND (%(branch)s::text IS NULL OR p.git_branch = %(branch)s)
    AND (%(change)s::text IS NULL OR p.change_id = %(change)s)
    AND (%(job)s::text IS NULL OR p.ci ->> 'cicd.pipeline.task.name' = %(job)s)
    AND (%(leg)s::text IS NULL OR p.leg = %(leg)s OR %(leg)s = ANY (string_to_array(p.leg, ', ')))
    AND (%(session_ids)s::uuid[] IS NULL OR p.session_id = ANY (%(session_ids)s))
    AND (%(since)s::timestamptz IS NULL OR s.occurred_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR s.occurred_at < %(until)s)
    AND (%(task_ids)s::uuid[] IS NULL OR c.task_id = ANY (%(task_ids)s))
ORDER BY c.correlated_at DESC, c.id DESC
LIMIT %(limit)s;
