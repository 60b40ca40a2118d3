-- Add the error events, but for those whose step turned out not to have failed.

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
