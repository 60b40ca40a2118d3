-- Take the latest line of each step, give it its id, and drop what the record already holds.
--
-- An id is a UUID of version 7 (RFC 9562): the milliseconds it began at, the kind of record, and a number that the
-- journal's id and the record's n make together. So the recorder decides it, and no test waits for it.

CREATE TEMP TABLE staged_steps ON COMMIT DROP AS
SELECT DISTINCT ON (l.journal_no, r.n)
    l.journal_no,
    r.n,
    coalesce(r.rev, 0) AS rev,
    (
        lpad(to_hex(r.started / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.n)
    )::uuid AS id,
    (
        lpad(to_hex(r.started / 1000), 12, '0') || '73' || j.id_mark || to_hex(j.id_base + r.n)
    )::uuid AS success_id,
    CASE
        WHEN r.error IS NULL THEN NULL
        WHEN r.once IS NOT NULL THEN debug_snapshot_id(r.once || ' ' || r.node_id, j.run_id::text)
        ELSE (lpad(to_hex(r.ended / 1000), 12, '0') || '72' || j.id_mark || to_hex(j.id_base + r.error))::uuid
    END AS error_id,
    r.phase,
    r.node_id,
    CASE
        WHEN length(r.node_id) <= 255 THEN r.node_id
        ELSE left(r.node_id, 222) || ' ' || left(encode(sha256(convert_to(r.node_id, 'UTF8')), 'hex'), 32)
    END AS operation_name,
    r.attempt,
    timestamptz 'epoch' + r.started * interval '1 microsecond' AS started_at,
    timestamptz 'epoch' + r.ended * interval '1 microsecond' AS ended_at,
    r.outcome,
    r.reason,
    r.subtest,
    CASE
        WHEN r.parent IS NOT NULL THEN
            (lpad(to_hex(r.parent[2] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.parent[1]))::uuid
    END AS parent_id,
    r.after,
    j.id_mark,
    j.id_base,
    j.correlation_id,
    j.session_id,
    j.agent_name,
    NULL::integer AS step_number
FROM staged_lines AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_to_record(l.line) AS r (
    n BIGINT, rev INTEGER, phase TEXT, node_id TEXT, attempt INTEGER, started BIGINT, ended BIGINT, outcome TEXT,
    reason TEXT, subtest TEXT, parent BIGINT[], after BIGINT[], error BIGINT, once TEXT
)
WHERE l.line ->> 'kind' = 'step'
ORDER BY l.journal_no, r.n, coalesce(r.rev, 0) DESC;
