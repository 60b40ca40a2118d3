-- Store each state once; the server's hash of it is its identity.

CREATE TEMP TABLE staged_snapshots ON COMMIT DROP AS
SELECT
    l.journal_no,
    (l.line ->> 'n')::bigint AS n,
    debug_snapshot_id(h.state_hash, l.line ->> 'type') AS id,
    h.state_hash,
    l.line
FROM staged_records AS l
CROSS JOIN LATERAL (SELECT debug_state_hash(l.line -> 'state') AS state_hash) AS h
WHERE l.line ->> 'kind' = 'snapshot';

INSERT INTO debug_state_snapshots AS known (
    id, snapshot_type, correlation_id, session_id, agent_name, agent_state, state_hash, task_description,
    state_size_bytes, variables_count, memory_usage_mb, cpu_time_ms, wall_time_ms, captured_at
)
SELECT DISTINCT ON (s.id)
    s.id,
    s.line ->> 'type',
    j.correlation_id,
    j.session_id,
    j.agent_name,
    s.line -> 'state',
    s.state_hash,
    s.line ->> 'description',
    debug_state_size(s.line -> 'state'),
    debug_state_variables(s.line -> 'state'),
    (s.line ->> 'memory_mb')::numeric,
    (s.line ->> 'cpu_ms')::integer,
    (s.line ->> 'wall_ms')::integer,
    timestamptz 'epoch' + (s.line ->> 'at')::bigint * interval '1 microsecond'
FROM staged_snapshots AS s
JOIN staged_journals AS j USING (journal_no)
ORDER BY s.id, (s.line ->> 'at')::bigint, j.journal_id
-- It tells of who met it first, whoever is loaded first.
ON CONFLICT (id) DO UPDATE SET
    correlation_id = excluded.correlation_id,
    session_id = excluded.session_id,
    agent_name = excluded.agent_name,
    task_description = excluded.task_description,
    memory_usage_mb = excluded.memory_usage_mb,
    cpu_time_ms = excluded.cpu_time_ms,
    wall_time_ms = excluded.wall_time_ms,
    captured_at = excluded.captured_at
WHERE (excluded.captured_at, excluded.correlation_id) < (known.captured_at, known.correlation_id);
