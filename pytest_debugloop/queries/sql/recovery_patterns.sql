-- Count how failures of each kind recover, the most frequent first.

SELECT
    fingerprint, error_type, error_code, errors_recovered, median_duration_ms, p90_duration_ms,
    avg_confidence::double precision, share_by_itself::double precision, dominant_strategy
FROM debug_failure_recoveries
ORDER BY errors_recovered DESC, fingerprint
LIMIT %(limit)s;
