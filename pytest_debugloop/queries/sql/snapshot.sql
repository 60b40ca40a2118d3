-- Give a snapshot; its state only where that is not larger than asked.

SELECT
    id, snapshot_type, correlation_id, agent_name, captured_at, state_size_bytes, variables_count,
    memory_usage_mb, cpu_time_ms, wall_time_ms,
    CASE WHEN coalesce(state_size_bytes, pg_column_size(agent_state)) <= %(largest)s THEN agent_state END AS state
FROM debug_state_snapshots
WHERE id = %(id)s;
