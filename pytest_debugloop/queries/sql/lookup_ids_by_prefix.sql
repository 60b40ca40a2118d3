-- Find what has an id in a range, which is how a prefix is asked of an index; at most eleven of each kind.

(SELECT 'run' AS kind, id FROM debug_runs WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
UNION ALL
(SELECT 'run', id FROM debug_runs WHERE correlation_id BETWEEN %(low)s AND %(high)s LIMIT 11)
UNION ALL
(SELECT 'error', id FROM debug_error_events WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
UNION ALL
(SELECT 'snapshot', id FROM debug_state_snapshots WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
UNION ALL
(SELECT 'recovery', id FROM debug_error_success_correlation WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11)
UNION ALL
(SELECT 'test', id FROM debug_tasks WHERE id BETWEEN %(low)s AND %(high)s LIMIT 11);
