-- Link an error to the success that it led to, in the workflow of the success; the error is resolved by it.

WITH linked AS (
    INSERT INTO debug_error_success_correlation (
        error_event_id, success_event_id, correlation_id, recovery_path, recovery_duration_ms, intermediate_steps,
        recovery_strategy, confidence_score, correlated_at, task_id, error_type, error_code, fingerprint
    )
    SELECT
        e.id, s.id, s.correlation_id, %(path)s,
        least(round(extract(epoch FROM s.occurred_at - e.occurred_at) * 1000), 2147483647)::integer,
        coalesce(
            %(intermediate_steps)s::integer,
            CASE WHEN s.correlation_id = e.correlation_id THEN greatest(s.execution_step - e.execution_step - 1, 0) END
        ),
        %(strategy)s, %(confidence)s, s.occurred_at, e.task_id, e.error_type, e.error_code,
        e.metadata ->> 'fingerprint'
    FROM debug_error_events AS e
    CROSS JOIN debug_success_events AS s
    WHERE e.id = %(error_event_id)s AND s.id = %(success_event_id)s
    ON CONFLICT (error_event_id, success_event_id) DO UPDATE
    SET recovery_path = excluded.recovery_path, recovery_strategy = excluded.recovery_strategy,
        confidence_score = excluded.confidence_score, intermediate_steps = excluded.intermediate_steps
    RETURNING id, error_event_id, recovery_strategy, correlated_at
),
resolved AS (
    UPDATE debug_error_events AS e
    SET is_recoverable = TRUE, recovery_attempted = TRUE, recovery_successful = TRUE,
        recovery_strategy = l.recovery_strategy, resolved_at = l.correlated_at
    FROM linked AS l
    WHERE e.id = l.error_event_id
)
SELECT id FROM linked;
