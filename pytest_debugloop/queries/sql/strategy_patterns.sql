-- Count what made errors of each type recover, the most frequent first.

SELECT
    error_type, recovery_strategy, errors_recovered, median_duration_ms, p90_duration_ms,
    avg_confidence::double precision
FROM debug_strategy_recoveries
ORDER BY errors_recovered DESC, error_type, recovery_strategy
LIMIT %(limit)s;
