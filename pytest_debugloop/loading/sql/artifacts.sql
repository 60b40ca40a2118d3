-- Store each artifact's bytes once, and what it is of.

CREATE TEMP TABLE staged_artifacts ON COMMIT DROP AS
SELECT
    l.journal_no,
    r.n,
    r.at,
    r.origin,
    r.name,
    r.media_type,
    r.snapshot,
    decode(r.content, 'base64') AS content,
    CASE WHEN r.step IS NOT NULL THEN
        (lpad(to_hex(r.step[2] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.step[1]))::uuid
    END AS step_id
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_to_record(l.line) AS r (
    n BIGINT, at BIGINT, origin TEXT, name TEXT, media_type TEXT, content TEXT, step BIGINT[], snapshot BIGINT
)
WHERE l.kind = 'artifact';

INSERT INTO debug_artifacts (id, content_hash, size_bytes, content, created_at)
SELECT DISTINCT ON (h.hash)
    debug_snapshot_id(h.hash, 'artifact'), h.hash, octet_length(a.content), a.content,
    timestamptz 'epoch' + a.at * interval '1 microsecond'
FROM staged_artifacts AS a
CROSS JOIN LATERAL (SELECT encode(sha256(a.content), 'hex') AS hash OFFSET 0) AS h
ORDER BY h.hash, a.at
ON CONFLICT DO NOTHING;

INSERT INTO debug_snapshot_artifacts (
    id, artifact_id, snapshot_id, step_id, correlation_id, run_id, origin, name, media_type, created_at
)
SELECT
    (lpad(to_hex(a.at / 1000), 12, '0') || '76' || j.id_mark || to_hex(j.id_base + a.n))::uuid,
    debug_snapshot_id(encode(sha256(a.content), 'hex'), 'artifact'),
    (SELECT s.id FROM staged_snapshots AS s WHERE s.journal_no = a.journal_no AND s.n = a.snapshot LIMIT 1),
    step.id,
    j.correlation_id,
    j.run_id,
    a.origin,
    left(a.name, 255),
    left(a.media_type, 255),
    timestamptz 'epoch' + a.at * interval '1 microsecond'
FROM staged_artifacts AS a
JOIN staged_journals AS j USING (journal_no)
LEFT JOIN debug_workflow_steps AS step ON step.id = a.step_id
ON CONFLICT (id) DO NOTHING;
