-- Give a snapshot; its state only where that is not larger than asked.

SELECT
    id, snapshot_type, correlation_id, agent_name, captured_at, state_size_bytes, variables_count,
    memory_usage_mb, cpu_time_ms, wall_time_ms,
    CASE WHEN NOT is_too_large THEN agent_state END AS state, is_too_large
FROM debug_state_snapshots
CROSS JOIN LATERAL (
    SELECT greatest(state_size_bytes, pg_column_size(agent_state)) > %(largest)s AS is_too_large
) AS size
WHERE id = %(id)s;
