-- List the attempts of a test, the latest first, with what failed and what it recovered by.

SELECT
    a.run_id, a.agent_name, a.attempt, a.ended_at, a.failed, a.is_incident, r.git_branch, r.git_commit, r.leg,
    CASE WHEN r.git_dirty IS NOT NULL THEN TRUE WHEN r.code_version IS NOT NULL THEN FALSE END AS is_dirty,
    r.code_version, r.conditions,
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
    SELECT * FROM debug_test_attempts WHERE task_id = %(task_id)s ORDER BY ended_at DESC LIMIT %(limit)s
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
    SELECT p.execution_time_ms FROM debug_success_events AS p
    WHERE NOT a.failed AND p.task_id = a.task_id AND p.occurred_at = a.ended_at AND p.run_id = a.run_id
    LIMIT 1
) AS s ON TRUE
ORDER BY a.ended_at DESC, a.attempt DESC;
