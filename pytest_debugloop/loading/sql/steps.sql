-- Add the steps, and bring those that were loaded unfinished to their end.

INSERT INTO debug_workflow_steps AS known (
    id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, step_description,
    post_state_snapshot_id, status, error_event_id, success_event_id, duration_ms, parent_step_id, depends_on_steps,
    metadata, started_at, completed_at
)
SELECT
    s.id,
    s.correlation_id,
    s.session_id,
    s.step_number,
    s.phase,
    s.agent_name,
    s.operation_name,
    s.subtest,
    e.state_snapshot_id,
    CASE s.outcome
        WHEN 'passed' THEN 'completed'
        WHEN 'xpassed' THEN 'completed'
        WHEN 'skipped' THEN 'skipped'
        WHEN 'xfailed' THEN 'skipped'
        WHEN 'failed' THEN 'failed'
        WHEN 'rerun' THEN 'failed'
        ELSE CASE WHEN s.ended_at IS NULL THEN 'started' END
    END,
    e.id,
    CASE WHEN s.phase IN ('call', 'subtest') AND s.outcome IN ('passed', 'xpassed') THEN s.success_id END,
    (extract(epoch FROM s.ended_at - s.started_at) * 1000)::integer,
    CASE
        WHEN s.parent_id IS NOT NULL THEN coalesce(
            (SELECT p.id FROM staged_steps AS p WHERE p.id = s.parent_id),
            (SELECT p.id FROM debug_workflow_steps AS p WHERE p.id = s.parent_id)
        )
    END,
    CASE
        WHEN s.after IS NOT NULL THEN array_remove(ARRAY[
            coalesce(a.step_number, (
                SELECT step_number FROM debug_workflow_steps WHERE id = (
                    lpad(to_hex(s.after[2] / 1000), 12, '0') || '71' || s.id_mark || to_hex(s.id_base + s.after[1])
                )::uuid
            )),
            CASE
                WHEN s.after[3] IS NOT NULL THEN coalesce(b.step_number, (
                    SELECT step_number FROM debug_workflow_steps WHERE id = (
                        lpad(to_hex(s.after[4] / 1000), 12, '0') || '71' || s.id_mark || to_hex(s.id_base + s.after[3])
                    )::uuid
                ))
            END
        ], NULL)
    END,
    jsonb_strip_nulls(jsonb_build_object(
        'attempt', s.attempt,
        'outcome', s.outcome,
        'reason', s.reason,
        'rev', nullif(s.rev, 1)
    )),
    s.started_at,
    s.ended_at
FROM staged_steps AS s
LEFT JOIN debug_error_events AS e ON e.id = s.error_id
LEFT JOIN staged_steps AS a ON a.journal_no = s.journal_no AND a.n = s.after[1]
LEFT JOIN staged_steps AS b ON b.journal_no = s.journal_no AND b.n = s.after[3]
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    post_state_snapshot_id = excluded.post_state_snapshot_id,
    error_event_id = excluded.error_event_id,
    success_event_id = excluded.success_event_id,
    duration_ms = excluded.duration_ms,
    depends_on_steps = excluded.depends_on_steps,
    step_description = excluded.step_description,
    metadata = excluded.metadata,
    completed_at = excluded.completed_at;
