-- Stage what tests and programs have recorded themselves: they are steps, and of each the latest line counts.

INSERT INTO staged_notes
SELECT DISTINCT ON (l.journal_no, r.n)
    l.journal_no,
    l.place,
    r.*,
    (lpad(to_hex(r.started / 1000), 12, '0') || '75' || j.id_mark || to_hex(j.id_base + r.n))::uuid AS host_id
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_to_record(l.line) AS r (
    n BIGINT, rev INTEGER, phase TEXT, name TEXT, started BIGINT, ended BIGINT, outcome TEXT, attempt INTEGER,
    parent BIGINT[], pre BIGINT, state BIGINT, error BIGINT[], input JSONB, output JSONB, metadata JSONB, event JSONB,
    call JSONB
)
WHERE l.kind = 'note'
ORDER BY l.journal_no, r.n, r.rev DESC;

-- Of a transformation that was told at once, the state after it is the one before it.
UPDATE staged_notes SET state = n
WHERE phase = 'transformation' AND outcome IS NOT NULL AND state IS NULL AND pre IS NOT NULL;

INSERT INTO staged_steps (
    journal_no, n, rev, id, success_id, error_id, phase, operation_name, task, attempt, started_at, ended_at, outcome,
    state, parent, is_known
)
SELECT
    r.journal_no,
    r.n,
    r.rev,
    (lpad(to_hex(r.started / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.n))::uuid,
    CASE WHEN r.outcome = 'passed' AND r.phase = 'execution' THEN
        (lpad(to_hex(r.started / 1000), 12, '0') || '73' || j.id_mark || to_hex(j.id_base + r.n))::uuid
    END,
    CASE WHEN r.error IS NOT NULL THEN
        (lpad(to_hex(r.error[2] / 1000), 12, '0') || '72' || j.id_mark || to_hex(j.id_base + r.error[1]))::uuid
    END,
    r.phase,
    left(r.name, 255),
    r.name,
    r.attempt,
    timestamptz 'epoch' + r.started * interval '1 microsecond',
    timestamptz 'epoch' + r.ended * interval '1 microsecond',
    r.outcome,
    r.state,
    r.parent,
    FALSE
FROM staged_notes AS r
JOIN staged_journals AS j USING (journal_no);
