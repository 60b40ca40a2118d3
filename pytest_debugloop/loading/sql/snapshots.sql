-- Store each state once; the server's hash of it is its identity.

INSERT INTO staged_snapshots (journal_no, n, id, state_hash, state_size, line, state)
SELECT
    l.journal_no,
    (l.line ->> 'n')::bigint AS n,
    debug_snapshot_id(h.state_hash, l.line ->> 'type') AS id,
    h.state_hash,
    octet_length(written.bytes) AS state_size,
    l.line,
    l.state
FROM (
    SELECT journal_no, line, state FROM staged_records WHERE kind = 'snapshot'
    UNION ALL
    SELECT r.journal_no, r.line || jsonb_build_object('type', 'post_transform', 'n', note.n), r.state
    FROM staged_notes AS note
    JOIN staged_records AS r ON r.journal_no = note.journal_no AND r.kind = 'snapshot'
        AND (r.line ->> 'n')::bigint = note.pre
    WHERE note.state = note.n
) AS l
-- As debug_state_hash and debug_state_size have it, which would write it twice.
CROSS JOIN LATERAL (SELECT convert_to(l.state::text, 'UTF8') AS bytes OFFSET 0) AS written
CROSS JOIN LATERAL (SELECT encode(sha256(written.bytes), 'hex') AS state_hash OFFSET 0) AS h;

INSERT INTO debug_state_snapshots AS known (
    id, snapshot_type, correlation_id, session_id, agent_name, agent_state, state_hash, task_description, user_request,
    context_depth, execution_step, state_size_bytes, variables_count, memory_usage_mb, cpu_time_ms, wall_time_ms, captured_at
)
SELECT DISTINCT ON (s.id)
    s.id,
    s.line ->> 'type',
    j.correlation_id,
    j.session_id,
    j.agent_name,
    s.state,
    s.state_hash,
    s.line ->> 'description',
    s.line ->> 'request',
    (s.line ->> 'depth')::integer,
    -- A loader may have read a part of what was written at once: the step came before, and comes again.
    coalesce(number.step_number, (
        SELECT step.step_number FROM debug_workflow_steps AS step
        WHERE step.id = (
            lpad(to_hex((s.line #>> '{step,1}')::bigint / 1000), 12, '0') || '71' || j.id_mark
            || to_hex(j.id_base + (s.line #>> '{step,0}')::bigint)
        )::uuid
    )),
    s.state_size,
    debug_state_variables(s.state),
    (s.line ->> 'memory_mb')::numeric,
    (s.line ->> 'cpu_ms')::integer,
    (s.line ->> 'wall_ms')::integer,
    timestamptz 'epoch' + (s.line ->> 'at')::bigint * interval '1 microsecond'
FROM staged_snapshots AS s
JOIN staged_journals AS j USING (journal_no)
LEFT JOIN staged_numbers AS number ON number.journal_no = s.journal_no AND number.n = (s.line #>> '{step,0}')::bigint
ORDER BY s.id, (s.line ->> 'at')::bigint, j.journal_id
-- It tells of who met it first, whoever is loaded first.
ON CONFLICT (id) DO UPDATE SET
    correlation_id = excluded.correlation_id,
    session_id = excluded.session_id,
    agent_name = excluded.agent_name,
    task_description = excluded.task_description,
    user_request = excluded.user_request,
    context_depth = excluded.context_depth,
    execution_step = excluded.execution_step,
    memory_usage_mb = excluded.memory_usage_mb,
    cpu_time_ms = excluded.cpu_time_ms,
    wall_time_ms = excluded.wall_time_ms,
    captured_at = excluded.captured_at
WHERE (excluded.captured_at, excluded.correlation_id) < (known.captured_at, known.correlation_id);
