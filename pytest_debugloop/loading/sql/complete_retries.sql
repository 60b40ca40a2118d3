-- Tie the states and steps of retries to those before them.

-- A retry begins in the state that the attempt before it failed in, which is the parent of what it comes to.
CREATE TEMP TABLE run_retries ON COMMIT DROP AS
SELECT *
FROM (
    SELECT
        a.*,
        lag(a.state) OVER attempts AS state_before,
        lag(a.failed) OVER attempts AS failed_before
    FROM (
        SELECT e.task_id, e.agent_name, e.operation_name, e.occurred_at AS at, e.state_snapshot_id AS state,
            TRUE AS failed, coalesce((e.metadata ->> 'attempt')::integer, 1) AS attempt
        FROM debug_error_events AS e
        WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.task_id IS NOT NULL
            AND e.metadata ->> 'subtest' IS NULL
        UNION ALL
        SELECT s.task_id, s.agent_name, s.operation_name, s.occurred_at, s.state_snapshot_id, FALSE, s.retry_count + 1
        FROM debug_success_events AS s
        WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s AND s.task_id IS NOT NULL
            AND s.retry_count > 0 AND s.metadata ->> 'subtest' IS NULL
    ) AS a
    WINDOW attempts AS (PARTITION BY a.task_id, a.agent_name ORDER BY a.attempt, a.at)
) AS a
WHERE a.attempt > 1 AND a.failed_before AND a.state_before IS NOT NULL;

UPDATE debug_state_snapshots AS s SET parent_snapshot_id = a.state_before
FROM run_retries AS a
JOIN debug_state_snapshots AS before ON before.id = a.state_before
WHERE s.id = a.state AND s.parent_snapshot_id IS NULL
    AND before.captured_at < s.captured_at;  -- a state may be met again: in a circle, nobody would be the first

UPDATE debug_workflow_steps AS s SET pre_state_snapshot_id = a.state_before
FROM run_retries AS a
WHERE EXISTS (SELECT FROM run_retries)  -- most runs have none, and their steps need not be read
    AND s.correlation_id = %(correlation_id)s AND s.operation_name = a.operation_name
    AND s.agent_name = a.agent_name AND s.step_type IN ('setup', 'call') AND s.pre_state_snapshot_id IS NULL
    AND (s.metadata ->> 'attempt')::integer = a.attempt;
