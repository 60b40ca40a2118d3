-- Note who captured each state, when and in which step: the state itself is stored once.

INSERT INTO debug_state_captures AS known (
    id, snapshot_id, correlation_id, session_id, agent_name, execution_step, task_description, captured_at
)
SELECT
    (lpad(to_hex((s.line ->> 'at')::bigint / 1000), 12, '0') || '75' || j.id_mark || to_hex(j.id_base + s.n))::uuid,
    s.id,
    j.correlation_id,
    j.session_id,
    j.agent_name,
    coalesce(
        (
            SELECT coalesce(number.step_number, known.step_number)
            FROM staged_errors AS e
            LEFT JOIN staged_numbers AS number ON number.journal_no = e.journal_no AND number.n = e.step_n
            LEFT JOIN debug_workflow_steps AS known ON known.id = e.step_id
            WHERE e.journal_no = s.journal_no AND e.snapshot = s.n
            LIMIT 1
        ),
        (
            SELECT number.step_number
            FROM staged_steps AS staged
            JOIN staged_numbers AS number USING (journal_no, n)
            WHERE staged.journal_no = s.journal_no AND staged.state = s.n
            LIMIT 1
        ),
        (
            SELECT number.step_number FROM staged_numbers AS number
            WHERE number.journal_no = s.journal_no AND number.n = (s.line #>> '{step,0}')::bigint
        )
    ),
    s.line ->> 'description',
    timestamptz 'epoch' + (s.line ->> 'at')::bigint * interval '1 microsecond'
FROM staged_snapshots AS s
JOIN staged_journals AS j USING (journal_no)
-- Of a process that died between the two lines, the step came with another.
ON CONFLICT (id) DO UPDATE SET execution_step = excluded.execution_step
WHERE known.execution_step IS NULL AND excluded.execution_step IS NOT NULL;
