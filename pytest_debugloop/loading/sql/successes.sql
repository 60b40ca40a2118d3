-- Add a success event for each test and subtest that passed, and for each step that a program completed.

INSERT INTO debug_success_events (
    id, correlation_id, session_id, run_id, task_id, success_type, operation_name, agent_name, execution_step,
    state_snapshot_id, quality_score, completion_status, validation_passed, execution_time_ms, retry_count, metadata,
    occurred_at
)
SELECT
    s.success_id,
    j.correlation_id,
    j.session_id,
    j.run_id,
    CASE WHEN s.phase <> 'execution' THEN debug_task_id(j.project, s.task) END,
    CASE s.phase WHEN 'execution' THEN 'step_completion' ELSE 'validation_pass' END,
    s.operation_name,
    j.agent_name,
    number.step_number,
    CASE WHEN s.state IS NOT NULL THEN
        (SELECT t.id FROM staged_snapshots AS t WHERE t.journal_no = s.journal_no AND t.n = s.state ORDER BY t.id LIMIT 1)
    END,
    round(1.0 / s.attempt, 4),
    CASE WHEN s.outcome = 'xpassed' THEN 'degraded' WHEN part.parent IS NOT NULL THEN 'partial' ELSE 'full' END,
    s.outcome <> 'xpassed' AND part.parent IS NULL,
    least(extract(epoch FROM s.ended_at - s.started_at) * 1000, 2147483647)::integer,
    s.attempt - 1,
    CASE
        WHEN s.subtest IS NOT NULL OR s.reason IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('subtest', s.subtest, 'reason', s.reason))
    END,
    s.ended_at
FROM staged_steps AS s
JOIN staged_journals AS j USING (journal_no)
JOIN staged_numbers AS number USING (journal_no, n)
-- Of which a part failed: a subtest, or a step of a program's step.
LEFT JOIN (
    SELECT DISTINCT journal_no, parent[1] AS parent FROM staged_steps
    WHERE phase IN ('subtest', 'execution') AND outcome = 'failed' AND parent IS NOT NULL
) AS part ON part.journal_no = s.journal_no AND part.parent = s.n
WHERE s.phase IN ('call', 'subtest', 'execution') AND s.outcome IN ('passed', 'xpassed')
ON CONFLICT (id) DO UPDATE SET
    completion_status = excluded.completion_status, validation_passed = excluded.validation_passed,
    metadata = excluded.metadata;
