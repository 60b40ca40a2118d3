-- Add a success event for each test and subtest that passed.

INSERT INTO debug_success_events (
    id, correlation_id, session_id, success_type, operation_name, agent_name, execution_step, quality_score,
    completion_status, validation_passed, execution_time_ms, retry_count, metadata, occurred_at
)
SELECT
    success_id,
    correlation_id,
    session_id,
    'validation_pass',
    operation_name,
    agent_name,
    step_number,
    round(1.0 / attempt, 4),
    CASE outcome WHEN 'xpassed' THEN 'degraded' ELSE 'full' END,
    TRUE,
    (extract(epoch FROM ended_at - started_at) * 1000)::integer,
    attempt - 1,
    CASE
        WHEN subtest IS NOT NULL OR reason IS NOT NULL
            THEN jsonb_strip_nulls(jsonb_build_object('subtest', subtest, 'reason', reason))
    END,
    ended_at
FROM staged_steps
WHERE phase IN ('call', 'subtest') AND outcome IN ('passed', 'xpassed')
ON CONFLICT (id) DO NOTHING;
