-- Add the new steps, and bring those that were loaded unfinished to their end.

WITH final AS MATERIALIZED (
    SELECT
        s.id,
        j.correlation_id,
        j.session_id,
        number.step_number,
        s.phase AS step_type,
        j.agent_name,
        s.operation_name,
        coalesce(
            s.subtest,
            CASE
                WHEN s.phase IN ('setup', 'call', 'teardown') THEN
                    CASE s.phase WHEN 'setup' THEN 'set up ' WHEN 'teardown' THEN 'tear down ' ELSE 'run ' END
                    || replace(split_part(split_part(s.operation_name, '[', 1), '::', -1), '_', ' ')
                WHEN s.phase = 'collect' THEN 'collect ' || s.operation_name
                WHEN s.phase = 'fixture' THEN concat('set up the fixture ', s.operation_name, ' of scope ', note.metadata ->> 'scope')
                WHEN s.phase = 'llm_call' THEN 'call ' || s.operation_name
                WHEN s.phase = 'artifact' THEN 'keep ' || s.operation_name
                WHEN s.phase = 'record' THEN 'record facts'
                WHEN s.phase = 'transformation' THEN 'transform ' || s.operation_name
                WHEN s.phase = 'checkpoint' THEN 'capture ' || s.operation_name
                ELSE 'do ' || s.operation_name
            END
        ) AS step_description,
        CASE WHEN note.pre IS NOT NULL THEN (
            SELECT p.id FROM staged_snapshots AS p WHERE p.journal_no = s.journal_no AND p.n = note.pre LIMIT 1
        ) END AS pre_state_snapshot_id,
        CASE
            WHEN failure.id IS NOT NULL THEN failure.state_snapshot_id
            WHEN s.state IS NOT NULL THEN
                (SELECT p.id FROM staged_snapshots AS p WHERE p.journal_no = s.journal_no AND p.n = s.state LIMIT 1)
        END AS post_state_snapshot_id,
        CASE
            WHEN s.outcome IN ('passed', 'xpassed') THEN 'completed'
            WHEN s.outcome IN ('skipped', 'xfailed') THEN 'skipped'
            WHEN s.outcome IN ('failed', 'rerun') THEN 'failed'
            WHEN s.ended_at IS NULL THEN 'started'
        END AS status,
        failure.id AS error_event_id,
        CASE WHEN s.phase IN ('call', 'subtest', 'execution') AND s.outcome IN ('passed', 'xpassed') THEN s.success_id END
            AS success_event_id,
        CASE WHEN s.ended_at IS NOT NULL THEN  -- least() takes no notice of NULL
            least(extract(epoch FROM s.ended_at - s.started_at) * 1000, 2147483647)::integer
        END AS duration_ms,
        CASE WHEN s.parent IS NOT NULL THEN coalesce(
            (SELECT p.id FROM staged_steps AS p WHERE p.journal_no = s.journal_no AND p.n = s.parent[1]),
            (SELECT p.id FROM debug_workflow_steps AS p WHERE p.id = (
                lpad(to_hex(s.parent[2] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + s.parent[1])
            )::uuid)
        ) END AS parent_step_id,
        CASE WHEN s.after IS NOT NULL THEN array_remove(ARRAY[
            coalesce(a.step_number, (
                SELECT step_number FROM debug_workflow_steps WHERE id = (
                    lpad(to_hex(s.after[2] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + s.after[1])
                )::uuid
            )),
            CASE WHEN s.after[3] IS NOT NULL THEN coalesce(b.step_number, (
                SELECT step_number FROM debug_workflow_steps WHERE id = (
                    lpad(to_hex(s.after[4] / 1000), 12, '0') || '71' || j.id_mark || to_hex(j.id_base + s.after[3])
                )::uuid
            )) END
        ], NULL) END AS depends_on_steps,
        CASE
            WHEN s.reason IS NULL AND s.word IS NULL AND s.rev = 1 THEN
                jsonb_build_object('attempt', s.attempt, 'outcome', s.outcome)
            ELSE jsonb_strip_nulls(jsonb_build_object(
                'attempt', s.attempt, 'outcome', s.outcome, 'reason', s.reason, 'word', s.word,
                'rev', nullif(s.rev, 1)
            ))
        END
            || CASE WHEN note.n IS NULL THEN '{}' ELSE coalesce(note.metadata, '{}') || CASE
                WHEN note.event IS NOT NULL THEN jsonb_build_object('transformation_event_id', note.host_id)
                WHEN note.call IS NOT NULL THEN jsonb_build_object('hook_event_id', note.host_id)
                ELSE '{}'
            END END AS metadata,
        CASE
            WHEN note.n IS NOT NULL THEN note.input
            WHEN s.uses IS NULL AND s.parameters IS NULL AND failed_in.parameters IS NULL THEN NULL
            -- A parameter may be null: nothing is stripped. The state at a failure has more than the line.
            ELSE nullif(
                CASE WHEN s.uses IS NULL THEN '{}' ELSE jsonb_build_object('fixtures', s.uses) END || CASE
                    WHEN failed_in.parameters IS NOT NULL THEN jsonb_build_object('parameters', failed_in.parameters)
                    WHEN s.parameters IS NOT NULL AND s.phase = 'call' THEN
                        jsonb_build_object('parameters', s.parameters)
                    ELSE '{}'
                END, '{}'
            )
        END AS input_data,
        CASE
            WHEN note.n IS NOT NULL THEN note.output
            WHEN s.properties IS NULL AND failed_in.captured IS NULL THEN NULL
            ELSE nullif(
                CASE WHEN s.properties IS NULL THEN '{}' ELSE jsonb_build_object('properties', s.properties) END
                    || CASE
                        WHEN failed_in.captured IS NULL THEN '{}'
                        ELSE jsonb_build_object('captured', failed_in.captured)
                    END, '{}'
            )
        END AS output_data,
        s.started_at,
        s.ended_at AS completed_at,
        s.is_known
    FROM staged_steps AS s
    JOIN staged_journals AS j USING (journal_no)
    JOIN staged_numbers AS number USING (journal_no, n)
    LEFT JOIN LATERAL (
        SELECT state.agent_state -> 'parameters' AS parameters, state.agent_state -> 'captured' AS captured
        FROM debug_error_events AS f
        JOIN debug_state_snapshots AS state ON state.id = f.state_snapshot_id
        WHERE f.id = s.error_id AND s.outcome IN ('failed', 'rerun')
    ) AS failed_in ON s.error_id IS NOT NULL
    LEFT JOIN staged_notes AS note ON note.journal_no = s.journal_no AND note.n = s.n
    LEFT JOIN debug_error_events AS failure ON failure.id = s.error_id AND s.outcome IN ('failed', 'rerun')
    LEFT JOIN staged_numbers AS a ON a.journal_no = s.journal_no AND a.n = s.after[1]
    LEFT JOIN staged_numbers AS b ON b.journal_no = s.journal_no AND b.n = s.after[3]
    ORDER BY number.step_number
),
updated AS (
    UPDATE debug_workflow_steps AS known
    SET status = final.status,
        pre_state_snapshot_id = coalesce(final.pre_state_snapshot_id, known.pre_state_snapshot_id),
        post_state_snapshot_id = final.post_state_snapshot_id,
        input_data = final.input_data,
        output_data = final.output_data,
        error_event_id = final.error_event_id,
        success_event_id = final.success_event_id,
        duration_ms = final.duration_ms,
        depends_on_steps = final.depends_on_steps,
        step_description = final.step_description,
        metadata = final.metadata,
        completed_at = final.completed_at
    FROM final
    WHERE final.is_known AND known.id = final.id
)
INSERT INTO debug_workflow_steps (
    id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, step_description,
    pre_state_snapshot_id, post_state_snapshot_id, status, error_event_id, success_event_id, duration_ms,
    parent_step_id, depends_on_steps, input_data, output_data, metadata, started_at, completed_at
)
SELECT
    id, correlation_id, session_id, step_number, step_type, agent_name, operation_name, step_description,
    pre_state_snapshot_id, post_state_snapshot_id, status, error_event_id, success_event_id, duration_ms,
    parent_step_id, depends_on_steps, input_data, output_data, metadata, started_at, completed_at
FROM final
WHERE NOT is_known;
