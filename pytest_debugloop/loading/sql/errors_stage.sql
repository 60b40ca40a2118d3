-- Stage the errors, also where there are only states: those ask which of them they are of.

CREATE TEMP TABLE IF NOT EXISTS staged_errors (
    journal_no INTEGER NOT NULL,
    id UUID,
    step_id UUID,
    step_n BIGINT,
    occurred_at TIMESTAMP WITH TIME ZONE,
    operation_name TEXT,
    task_id UUID,
    type TEXT,
    category TEXT,
    severity TEXT,
    message TEXT,
    stack TEXT,
    code TEXT,
    snapshot BIGINT,
    metadata JSONB,
    worker TEXT
) ON COMMIT DELETE ROWS;

CREATE INDEX IF NOT EXISTS staged_errors_snapshot ON staged_errors (journal_no, snapshot) WHERE snapshot IS NOT NULL;

INSERT INTO staged_errors
SELECT
    l.journal_no,
    CASE
        WHEN r.once IS NOT NULL THEN debug_snapshot_id(r.once || ' ' || r.node_id, j.run_id::text)
        ELSE (lpad(to_hex(r.at / 1000), 12, '0') || '72' || j.id_mark || to_hex(j.id_base + r.n))::uuid
    END AS id,
    CASE
        WHEN r.step IS NOT NULL THEN
            (lpad(to_hex(r.step[2] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + r.step[1]))::uuid
    END AS step_id,
    r.step[1] AS step_n,
    timestamptz 'epoch' + r.at * interval '1 microsecond' AS occurred_at,
    CASE
        WHEN length(r.node_id) <= 255 THEN r.node_id
        ELSE left(r.node_id, 222) || ' ' || left(encode(sha256(convert_to(r.node_id, 'UTF8')), 'hex'), 32)
    END AS operation_name,
    CASE
        WHEN r.node_id <> '' AND r.type NOT IN ('collection_error', 'internal_error')
            AND coalesce(r.metadata ->> 'phase', '') NOT IN ('collect', 'execution')
            THEN debug_task_id(j.project, coalesce(r.task, r.node_id))
    END AS task_id,
    r.type, r.category, r.severity, r.message, r.stack, r.code, r.snapshot, r.metadata, r.worker
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
CROSS JOIN LATERAL jsonb_to_record(l.line) AS r (
    n BIGINT, step BIGINT[], at BIGINT, node_id TEXT, type TEXT, category TEXT, severity TEXT, message TEXT, stack TEXT,
    code TEXT, snapshot BIGINT, metadata JSONB, once TEXT, worker TEXT, task TEXT
)
WHERE l.kind = 'error';
