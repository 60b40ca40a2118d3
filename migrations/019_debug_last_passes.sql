-- Tell when a test that fails last passed
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- What nobody names is mostly called so.
CREATE OR REPLACE FUNCTION debug_is_base_branch(run debug_runs, branch TEXT) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(branch = (run).target_branch, branch IN ('main', 'master'), FALSE);

COMMENT ON FUNCTION debug_is_base_branch(debug_runs, TEXT) IS
    'Whether a branch is the one that a run is to be merged into; main or master where the run does not say';

-- What was different is stored where the test began to fail; it holds until the test passes there again.
CREATE OR REPLACE FUNCTION debug_last_pass(test UUID, failing_run UUID) RETURNS TABLE (
    onset_run_id UUID, passed_run_id UUID, passed_at TIMESTAMPTZ, passed_commit TEXT, passed_branch TEXT, evidence JSONB
)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        onset.run_id, passing.id, passed.at, passing.git_commit::text,
        CASE WHEN debug_line_of_test(passing) <> debug_line_of_test(failing) THEN passing.git_branch::text END,
        onset.evidence
    FROM debug_runs AS failing
    CROSS JOIN LATERAL (
        SELECT o.run_id, o.passed_run_id, o.evidence, r.started_at
        FROM debug_failure_onsets AS o
        JOIN debug_runs AS r ON r.id = o.run_id
        WHERE o.task_id = test AND r.started_at <= failing.started_at
            AND debug_line_of_test(r) = debug_line_of_test(failing)
        ORDER BY r.started_at DESC
        LIMIT 1
    ) AS onset
    JOIN debug_runs AS passing ON passing.id = onset.passed_run_id
    CROSS JOIN LATERAL (
        SELECT s.occurred_at AS at
        FROM debug_success_events AS s
        WHERE s.task_id = test AND s.run_id = passing.id
            AND s.occurred_at BETWEEN passing.started_at AND failing.started_at
        ORDER BY s.occurred_at DESC
        LIMIT 1
    ) AS passed
    WHERE failing.id = failing_run
        AND (onset.run_id = failing.id OR NOT EXISTS (
            SELECT
            FROM debug_success_events AS s
            JOIN debug_runs AS r ON r.id = s.run_id
            WHERE s.task_id = test AND s.occurred_at BETWEEN onset.started_at AND failing.started_at
                AND s.run_id NOT IN (onset.run_id, failing.id) AND s.metadata ->> 'subtest' IS NULL
                AND debug_line_of_test(r) = debug_line_of_test(failing)
                AND NOT EXISTS (
                    SELECT FROM debug_error_events AS e
                    WHERE e.task_id = s.task_id AND e.run_id = s.run_id AND e.agent_name = s.agent_name
                        AND (e.metadata ->> 'attempt')::integer = s.retry_count + 1
                )
        ));
END;

COMMENT ON FUNCTION debug_last_pass(UUID, UUID) IS
    'When a test that fails in a run last passed, and what is different since: the run in which it began to fail, the'
    ' run of the pass, its time, commit, and branch where it is on another line, and the evidence';
