-- Count what made errors recover: an error that many successes followed counts once, by the first of them.

SELECT
    error_type, recovery_strategy, count(*) AS success_count,
    avg(recovery_duration_ms)::double precision AS avg_duration_ms,
    avg(confidence_score)::double precision AS avg_confidence
FROM (
    SELECT DISTINCT ON (c.error_event_id)
        e.error_type, c.recovery_strategy, c.recovery_duration_ms, c.confidence_score
    FROM debug_error_success_correlation AS c
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    WHERE c.confidence_score >= %(least_confidence)s
    ORDER BY c.error_event_id, c.recovery_duration_ms NULLS LAST, c.confidence_score DESC, c.id
) AS first_recovery
GROUP BY error_type, recovery_strategy
ORDER BY success_count DESC, error_type, recovery_strategy
LIMIT %(limit)s;
