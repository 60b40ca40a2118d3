-- Add what attempts of tests ran.

INSERT INTO debug_test_traces (
    id, correlation_id, run_id, agent_name, operation_name, attempt, traced_by, files, opened, children, cut, started_at
)
SELECT DISTINCT ON (id)
    (lpad(to_hex(r.step[2] / 1000), 12, '0') || '74' || j.id_mark || to_hex(j.id_base + r.n))::uuid AS id,
    j.correlation_id,
    j.run_id,
    j.agent_name,
    CASE
        WHEN length(r.node_id) <= 255 THEN r.node_id
        ELSE left(r.node_id, 222) || ' ' || left(encode(sha256(convert_to(r.node_id, 'UTF8')), 'hex'), 32)
    END,
    r.attempt,
    left(r.how, 20),
    r.files,
    coalesce(r.opened, '[]'),
    coalesce(r.children, '[]'),
    coalesce(r.cut, '[]'),
    timestamptz 'epoch' + r.step[2] * interval '1 microsecond'
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_to_record(l.line) AS r (
    n BIGINT, step BIGINT[], node_id TEXT, attempt INTEGER, how TEXT, files JSONB, opened JSONB, children JSONB, cut JSONB
)
WHERE l.kind = 'trace' AND cardinality(r.step) = 2
ORDER BY id
ON CONFLICT (id) DO NOTHING;
