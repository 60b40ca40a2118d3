-- Give the pass that recovered a failure, with the reason that the record has; of several, as of a merge, the first.

SELECT
    c.id, c.recovery_strategy AS strategy, c.evidence, s.id AS success_id, s.run_id, s.occurred_at AS passed_at,
    s.operation_name AS test, e.id AS error_id, e.run_id AS error_run
FROM debug_error_success_correlation AS c
JOIN debug_success_events AS s ON s.id = c.success_event_id
JOIN debug_error_events AS e ON e.id = c.error_event_id
WHERE c.error_event_id = %(error_id)s OR c.id = %(recovery_id)s
ORDER BY s.occurred_at, c.id
LIMIT 1;
