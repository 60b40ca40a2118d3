-- List the attempts of a test, the latest first, with what failed and what it recovered by.

SELECT
    a.run_id, a.agent_name, a.attempt, a.ended_at, a.failed, a.is_incident, r.git_branch, r.git_commit, r.leg,
    CASE WHEN r.git_dirty IS NOT NULL THEN TRUE WHEN r.code_version IS NOT NULL THEN FALSE END AS is_dirty,
    r.code_version, r.conditions,
    -- As far as both are known.
    r.code_version <> lead(r.code_version) OVER (
        PARTITION BY r.leg ORDER BY a.ended_at DESC, a.attempt DESC
    ) AS is_code_changed,
    s.id AS success_id,
    e.id AS error_id, e.error_code, e.error_message, e.metadata ->> 'phase' AS phase,
    e.metadata ->> 'fingerprint' AS fingerprint, e.recovery_strategy,
    (
        SELECT c.confidence_score FROM debug_error_success_correlation AS c
        WHERE c.error_event_id = e.id
        ORDER BY c.correlated_at, c.id
        LIMIT 1
    ) AS recovery_confidence,
    s.execution_time_ms AS duration_ms
FROM (
    SELECT a.*
    FROM debug_test_attempts AS a
    LEFT JOIN debug_runs AS r ON r.id = a.run_id
    WHERE a.task_id = %(task_id)s
        AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
        AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
        AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
        AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
        AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
        AND (%(since)s::timestamptz IS NULL OR a.ended_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR a.ended_at < %(until)s)
    ORDER BY a.ended_at DESC
    LIMIT %(limit)s
) AS a
LEFT JOIN debug_runs AS r ON r.id = a.run_id
LEFT JOIN LATERAL (
    SELECT d.* FROM debug_error_events AS d
    WHERE a.failed AND d.task_id = a.task_id AND d.run_id = a.run_id AND d.agent_name = a.agent_name
        AND substring(d.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer = a.attempt
    ORDER BY d.occurred_at, d.id
    LIMIT 1
) AS e ON TRUE
LEFT JOIN LATERAL (
    SELECT p.id, p.execution_time_ms FROM debug_success_events AS p
    WHERE NOT a.failed AND p.task_id = a.task_id AND p.occurred_at = a.ended_at AND p.run_id = a.run_id
    LIMIT 1
) AS s ON TRUE
ORDER BY a.ended_at DESC, a.attempt DESC;
