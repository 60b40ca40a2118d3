-- Find what has an id in a range, which is how a prefix is asked of an index; where nothing has, what has an id that ends
-- so, or whose end, as lists print it, begins so. At most eleven of each kind.

WITH begun AS MATERIALIZED (
    (SELECT 'run' AS kind, id FROM debug_runs WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT 'run', id FROM debug_runs WHERE correlation_id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT DISTINCT 'session', session_id FROM debug_runs WHERE session_id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT 'error', id FROM debug_error_events WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT 'snapshot', id FROM debug_state_snapshots WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT 'recovery', id FROM debug_error_success_correlation WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
    UNION ALL
    (SELECT 'test', id FROM debug_tasks WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
),
ended AS MATERIALIZED (
    SELECT kind, id FROM (
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
            SELECT DISTINCT 'session', session_id FROM debug_runs
            WHERE right(session_id::text, %(length)s) = %(ending)s
                OR starts_with(right(session_id::text, %(printed)s), %(digits)s)
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
        )
    ) AS ended
    WHERE NOT EXISTS (SELECT FROM begun)
)
SELECT kind, id FROM begun
UNION ALL
SELECT kind, id FROM ended
UNION ALL
-- Passes are many, and seldom meant.
(
    SELECT 'success', id FROM debug_success_events
    WHERE id BETWEEN %(low)s AND %(high)s AND NOT EXISTS (SELECT FROM begun) AND NOT EXISTS (SELECT FROM ended)
    LIMIT 11
)
UNION ALL
(
    SELECT 'success', id FROM debug_success_events
    WHERE (right(id::text, %(length)s) = %(ending)s OR starts_with(right(id::text, %(printed)s), %(digits)s))
        AND NOT EXISTS (SELECT FROM begun) AND NOT EXISTS (SELECT FROM ended)
    LIMIT 11
);
