-- Give the recoveries whose reason is to be found: the new ones, those of this run's tests that happened after it
-- began, for an earlier run that is loaded late changes what was known when they happened, and those that a migration has
-- linked.

SELECT
    c.id, c.task_id, e.run_id AS error_run, s.run_id AS success_run,
    e.agent_name AS error_agent, s.agent_name AS success_agent, s.occurred_at AS passed_at,
    e.operation_name AS error_operation, s.operation_name AS success_operation,
    coalesce((e.metadata ->> 'attempt')::integer, 1) AS error_attempt, s.retry_count + 1 AS success_attempt,
    coalesce(e.metadata -> 'code', '[]') AS places,
    e.error_category AS category, e.error_code, left(e.error_message, 2000) AS message,
    e.cause_fingerprint AS cause, e.metadata ? 'stopped' AS is_stopped,
    -- Tests that failed alike and recovered alike: one cause is likelier than as many flakes.
    (
        SELECT count(DISTINCT other.task_id)
        FROM debug_error_events AS other
        JOIN debug_error_success_correlation AS link ON link.error_event_id = other.id
        JOIN debug_success_events AS success ON success.id = link.success_event_id
        WHERE other.correlation_id = e.correlation_id
            AND other.run_id = e.run_id
            AND other.error_code IS NOT DISTINCT FROM e.error_code
            AND success.run_id = s.run_id
    )::integer AS together
FROM debug_error_success_correlation AS c
JOIN debug_error_events AS e ON e.id = c.error_event_id
JOIN debug_success_events AS s ON s.id = c.success_event_id
WHERE e.run_id <> s.run_id
    AND c.id IN (
        SELECT debug_snapshot_id(success_id::text, error_id::text) FROM linked WHERE success_id IS NOT NULL
        UNION ALL
        SELECT later.id
        FROM debug_runs AS run
        JOIN debug_error_success_correlation AS later ON later.correlated_at >= run.started_at
        WHERE run.id = %(run_id)s
            AND EXISTS (
                SELECT FROM debug_runs AS newer
                WHERE newer.project = run.project AND newer.started_at > run.started_at
            )
            AND later.task_id IN (
                SELECT task_id FROM debug_success_events WHERE correlation_id = %(correlation_id)s
                UNION
                SELECT task_id FROM debug_error_events WHERE correlation_id = %(correlation_id)s
            )
        UNION ALL
        (
            SELECT unexplained.id
            FROM debug_error_success_correlation AS unexplained
            JOIN debug_tasks AS t ON t.id = unexplained.task_id
            JOIN debug_runs AS own ON own.project = t.project
            WHERE own.id = %(run_id)s AND unexplained.evidence IS NULL AND unexplained.recovery_strategy = 'unknown'
            LIMIT 1000
        )
    )
ORDER BY c.id;
