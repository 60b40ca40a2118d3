-- Mark the errors of tests in which the session was stopped, by Ctrl-C or pytest.exit: pytest has no result for these, so that
-- they count in no score. Where more tests follow, or the attempt failed otherwise too, the exception was the test's own.

UPDATE debug_error_events AS e
SET metadata = e.metadata || '{"stopped": true, "incident": 1}'
FROM debug_runs AS r
WHERE r.id = %(run_id)s AND r.status = 'interrupted'
    AND e.correlation_id = %(correlation_id)s AND e.run_id = r.id AND e.task_id IS NOT NULL
    AND e.metadata ->> 'exception' IN ('KeyboardInterrupt', '_pytest.outcomes.Exit')
    AND NOT e.metadata ? 'stopped'
    -- What unittest kept of the test before.
    AND NOT jsonb_path_exists(e.metadata, '$.chain[*] ? (@ starts with "group:")')
    AND NOT EXISTS (
        SELECT FROM debug_error_events AS other
        WHERE other.correlation_id = e.correlation_id AND other.run_id = e.run_id AND other.task_id = e.task_id
            AND other.id <> e.id AND other.metadata ->> 'attempt' IS NOT DISTINCT FROM e.metadata ->> 'attempt'
    )
    AND NOT EXISTS (
        SELECT FROM debug_workflow_steps AS later
        WHERE later.correlation_id = e.correlation_id AND later.agent_name = e.agent_name
            AND later.started_at > e.occurred_at AND later.operation_name <> e.operation_name
            AND later.step_type IN ('setup', 'call', 'teardown')
    );
