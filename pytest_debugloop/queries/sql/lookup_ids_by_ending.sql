-- Find what has an id that ends so, or whose end, as lists print it, begins so; at most eleven of each kind.

(
    SELECT 'run' AS kind, id FROM debug_runs
    WHERE right(id::text, %(length)s) = %(ending)s
        OR starts_with(right(id::text, %(printed)s), %(digits)s)
    LIMIT 11
)
UNION ALL
(
    SELECT 'run', id FROM debug_runs
    WHERE right(correlation_id::text, %(length)s) = %(ending)s
        OR starts_with(right(correlation_id::text, %(printed)s), %(digits)s)
    LIMIT 11
)
UNION ALL
(
    SELECT 'error', id FROM debug_error_events
    WHERE right(id::text, %(length)s) = %(ending)s
        OR starts_with(right(id::text, %(printed)s), %(digits)s)
    LIMIT 11
)
UNION ALL
(
    SELECT 'snapshot', id FROM debug_state_snapshots
    WHERE right(id::text, %(length)s) = %(ending)s
        OR starts_with(right(id::text, %(printed)s), %(digits)s)
    LIMIT 11
)
UNION ALL
(
    SELECT 'recovery', id FROM debug_error_success_correlation
    WHERE right(id::text, %(length)s) = %(ending)s
        OR starts_with(right(id::text, %(printed)s), %(digits)s)
    LIMIT 11
)
UNION ALL
(
    SELECT 'test', id FROM debug_tasks
    WHERE right(id::text, %(length)s) = %(ending)s
        OR starts_with(right(id::text, %(printed)s), %(digits)s)
    LIMIT 11
);
