-- Say of every column when it is filled, and tie runs to the transformation that they are a part of
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- Rows of a host are changed only where they say nothing yet; where its table may not be changed, only that is lost.
CREATE OR REPLACE FUNCTION debug_link_transformation(workflow UUID, run UUID) RETURNS VOID
    LANGUAGE plpgsql
AS $$
DECLARE
    request TEXT;
    event UUID;
BEGIN
    SELECT t.id, t.user_request INTO event, request
    FROM agent_transformation_events AS t
    JOIN debug_runs AS r ON r.id = run
    WHERE t.correlation_id = workflow AND t.started_at <= coalesce(r.finished_at, 'infinity')
    ORDER BY t.user_request IS NULL, t.started_at DESC
    LIMIT 1;
    IF event IS NULL THEN
        RETURN;
    END IF;
    UPDATE debug_state_snapshots AS s
    SET user_request = coalesce(s.user_request, request),
        transformation_event_id = coalesce(s.transformation_event_id, event)
    WHERE s.correlation_id = workflow
        AND (s.transformation_event_id IS NULL OR s.user_request IS NULL AND request IS NOT NULL);
    UPDATE agent_transformation_events AS t
    SET error_event_id = coalesce(t.error_event_id, e.id),
        state_snapshot_id = coalesce(t.state_snapshot_id, e.state_snapshot_id),
        success_event_id = coalesce(t.success_event_id, s.id)
    FROM (SELECT 1) AS always
    LEFT JOIN LATERAL (
        SELECT id, state_snapshot_id FROM debug_error_events
        WHERE correlation_id = workflow AND run_id = run ORDER BY occurred_at LIMIT 1
    ) AS e ON TRUE
    LEFT JOIN LATERAL (
        SELECT id FROM debug_success_events
        WHERE correlation_id = workflow AND run_id = run ORDER BY occurred_at DESC LIMIT 1
    ) AS s ON TRUE
    WHERE t.id = event AND (
        t.error_event_id IS NULL AND e.id IS NOT NULL OR t.success_event_id IS NULL AND s.id IS NOT NULL
        OR t.state_snapshot_id IS NULL AND e.state_snapshot_id IS NOT NULL
    );
EXCEPTION
    WHEN OTHERS THEN
        IF left(SQLSTATE, 2) IN ('08', '25', '40', '53', '55', '57', '58') THEN
            RAISE;
        END IF;
END
$$;

COMMENT ON FUNCTION debug_link_transformation(UUID, UUID) IS
    'Ties the states, errors and successes of a run to the transformation with its correlation_id, if there is one';

COMMENT ON COLUMN debug_state_snapshots.execution_step IS
    'The step_number of the step in which it was captured first; NULL outside of any step';
COMMENT ON COLUMN debug_state_snapshots.task_description IS
    'What the test is for: the first line of its docstring, else its name in words; of a program, its name';
COMMENT ON COLUMN debug_state_snapshots.user_request IS
    'What the user had asked for: recording(request) of a program, or the request of the transformation with the same'
    ' correlation_id; NULL where neither says so';
COMMENT ON COLUMN debug_state_snapshots.context_depth IS
    'How many steps of debugloop.step it was nested in; 0 at failures of tests';
COMMENT ON COLUMN debug_state_snapshots.transformation_event_id IS
    'The transformation that it was captured at, or that its run is a part of: agent_transformation_events.id; NULL'
    ' where there is none';
COMMENT ON COLUMN debug_state_snapshots.parent_snapshot_id IS
    'Of an attempt of a test that was run again: the state in which the attempt before failed; NULL for first attempts,'
    ' and for states that were met before that';
COMMENT ON COLUMN debug_workflow_steps.step_description IS
    'The step in words; of a subtest, what pytest calls it';
COMMENT ON COLUMN debug_workflow_steps.pre_state_snapshot_id IS
    'The state before it: of a retry, in which the attempt before failed; of a transformation, what was handed over;'
    ' NULL for others';
COMMENT ON COLUMN debug_workflow_steps.post_state_snapshot_id IS
    'The state at its end: of a failure, a pass after a failure, a checkpoint or a transformation; NULL for others';
COMMENT ON COLUMN debug_workflow_steps.input_data IS
    'What it was given: fixtures that the test asks for (of a setup in which one was set up), and parameters (of a'
    ' failure); of debugloop.step, its keywords; NULL where there is nothing';
COMMENT ON COLUMN debug_workflow_steps.output_data IS
    'What it came to: the captured output of a failure; of a teardown, the properties by record_property; of'
    ' debugloop.step, the values given to output(), and of record, the facts; NULL where there is nothing';
COMMENT ON COLUMN debug_success_events.validation_passed IS
    'FALSE for an unexpected pass, and where a part of it failed: a subtest, or a step of a program''s step';
COMMENT ON COLUMN debug_success_events.completion_status IS
    'full; partial where a part of it failed; degraded for an unexpected pass';
COMMENT ON COLUMN debug_success_events.success_type IS
    'validation_pass of a test or a subtest, step_completion of a program''s step, task_completion of a run that ended'
    ' with exit status 0';
