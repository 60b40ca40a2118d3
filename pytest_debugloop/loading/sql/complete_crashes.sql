-- Tie the crash of a process to the step that the process was in, which its own journal leaves open.

-- Of a worker that said what it was doing before it was ended, the controller tells too: one event, with what both know.
UPDATE debug_error_events AS e
SET state_snapshot_id = reported.state_snapshot_id,
    error_message = reported.error_message || E'\n' || e.error_message,
    error_stack_trace = reported.error_stack_trace,
    error_code = reported.error_code,
    metadata = e.metadata || jsonb_strip_nulls(jsonb_build_object(
        'code', reported.metadata -> 'code', 'exception', reported.metadata -> 'exception',
        'fingerprint', reported.metadata -> 'fingerprint', 'phase', reported.metadata -> 'phase'
    ))
FROM debug_error_events AS reported
WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.error_type = 'worker_crash'
    AND reported.correlation_id = e.correlation_id AND reported.run_id = e.run_id AND reported.error_type = 'process_crash'
    AND reported.agent_name = e.agent_name AND reported.operation_name = e.operation_name
    AND e.metadata ->> 'exception' IS NULL AND reported.metadata ->> 'exception' IS NOT NULL;

-- More of a run may come that was taken for dead: its steps then ended, or its main process did, and it did not crash.
WITH gone AS (
    DELETE FROM debug_error_events AS e
    USING debug_runs AS r
    WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.error_type = 'process_crash'
        AND r.id = e.run_id
        AND (
            r.status NOT IN ('running', 'died')
            OR EXISTS (
                SELECT FROM debug_error_events AS crash
                WHERE crash.correlation_id = e.correlation_id AND crash.run_id = e.run_id
                    AND crash.error_type = 'worker_crash' AND crash.agent_name = e.agent_name
                    AND crash.operation_name = e.operation_name
            )
            OR EXISTS (
                SELECT FROM debug_workflow_steps AS s
                WHERE s.id = (e.metadata ->> 'step_id')::uuid AND s.status <> 'started'
                    AND s.error_event_id IS DISTINCT FROM e.id
            )
            OR e.metadata ->> 'step_id' IS NULL AND EXISTS (
                SELECT FROM debug_error_events AS other
                WHERE other.correlation_id = e.correlation_id AND other.run_id = e.run_id
                    AND other.error_type = 'process_crash' AND other.metadata ->> 'step_id' IS NOT NULL
            )
        )
    RETURNING e.id
)
UPDATE debug_workflow_steps AS s
SET status = 'started', error_event_id = NULL, metadata = s.metadata - 'outcome'
FROM gone
WHERE s.correlation_id = %(correlation_id)s AND s.error_event_id = gone.id;

-- A worker that xdist says was in no test was collecting, if it was in anything.
UPDATE debug_error_events AS e
SET operation_name = s.operation_name,
    metadata = e.metadata || jsonb_build_object('phase', s.step_type, 'step_id', s.id)
FROM debug_workflow_steps AS s
WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.error_type = 'worker_crash'
    AND e.operation_name IS NULL
    AND s.correlation_id = e.correlation_id AND s.agent_name = e.agent_name
    AND s.status = 'started' AND s.step_type = 'collect';

UPDATE debug_workflow_steps AS s
SET status = 'failed',
    error_event_id = e.id,
    completed_at = e.occurred_at,
    duration_ms = least(greatest(extract(epoch FROM e.occurred_at - s.started_at) * 1000, 0), 2147483647)::integer,
    metadata = s.metadata || '{"outcome": "failed", "rev": 1000}'
FROM debug_error_events AS e
WHERE e.correlation_id = %(correlation_id)s
    AND e.error_type = 'worker_crash'
    AND s.correlation_id = %(correlation_id)s
    AND s.status = 'started'
    AND s.agent_name = e.agent_name
    AND s.operation_name = e.operation_name;

-- When the main process died is not known, and with more of its journal a step may yet end.
UPDATE debug_workflow_steps AS s
SET status = 'failed', error_event_id = e.id, metadata = s.metadata || '{"outcome": "failed"}'
FROM debug_error_events AS e
WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.error_type = 'process_crash'
    AND s.id = (e.metadata ->> 'step_id')::uuid AND s.status = 'started';

UPDATE debug_error_events AS e SET execution_step = s.step_number
FROM debug_workflow_steps AS s
WHERE e.correlation_id = %(correlation_id)s
    AND e.error_type IN ('worker_crash', 'process_crash')
    AND s.error_event_id = e.id
    AND e.execution_step IS DISTINCT FROM s.step_number;
