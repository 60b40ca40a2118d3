-- Add the error events, but for those whose step turned out not to have failed.

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

INSERT INTO debug_error_events (
    id, correlation_id, session_id, run_id, task_id, error_type, error_category, error_severity, error_message,
    error_stack_trace, error_code, agent_name, operation_name, execution_step, state_snapshot_id, metadata, occurred_at
)
SELECT DISTINCT ON (e.id)
    e.id,
    j.correlation_id,
    j.session_id,
    j.run_id,
    e.task_id,
    e.type,
    e.category,
    e.severity,
    e.message,
    e.stack,
    left(e.code, 50),
    coalesce(regexp_replace(j.agent_name, ':[^:]*$', '') || ':' || e.worker, j.agent_name),
    nullif(e.operation_name, ''),
    coalesce(number.step_number, known.step_number),
    (SELECT s.id FROM staged_snapshots AS s WHERE s.journal_no = e.journal_no AND s.n = e.snapshot ORDER BY s.id LIMIT 1),
    jsonb_strip_nulls(e.metadata || jsonb_build_object('step_id', e.step_id, 'worker', e.worker)),
    e.occurred_at
FROM staged_errors AS e
JOIN staged_journals AS j USING (journal_no)
LEFT JOIN staged_steps AS staged ON staged.id = e.step_id
LEFT JOIN staged_numbers AS number ON number.journal_no = staged.journal_no AND number.n = staged.n
LEFT JOIN debug_workflow_steps AS known ON known.id = e.step_id
WHERE coalesce(staged.outcome, known.metadata ->> 'outcome', 'failed') IN ('failed', 'rerun')
ORDER BY e.id, e.occurred_at
ON CONFLICT (id) DO NOTHING;
