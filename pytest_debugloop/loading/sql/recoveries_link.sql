-- Link each error to the first later success of the same test on its line, whichever of their runs was loaded first.
--
-- What is linked is decided by all that is stored, and not by the order in which it came: only the errors are looked at
-- again that this run, or what it tells of commits, can change something for (recoveries_lines.sql).

-- Found at once by their status: there is one for each process that died, and one for each that runs.
CREATE TEMP TABLE unfinished ON COMMIT DROP AS
SELECT DISTINCT correlation_id, agent_name, operation_name
FROM debug_workflow_steps WHERE status = 'started';

ANALYZE unfinished;

CREATE TEMP TABLE linked ON COMMIT DROP AS
SELECT
    e.id AS error_id, e.task_id, e.run_id AS error_run, e.occurred_at AS failed_at, e.attempt,
    s.id AS success_id, s.run_id AS success_run, s.occurred_at AS passed_at, s.retry_count, s.correlation_id
FROM looked_at AS e
LEFT JOIN failing_runs AS failing ON failing.id = e.run_id
LEFT JOIN LATERAL (
    SELECT s.id, s.run_id, s.occurred_at, s.retry_count, s.correlation_id
    FROM debug_success_events AS s
    WHERE s.task_id = e.task_id
        AND s.occurred_at > e.occurred_at
        AND s.metadata ->> 'subtest' IS NOT DISTINCT FROM e.subtest
        AND (
            s.run_id = e.run_id
            OR (failing.alike, s.run_id) IN (SELECT r.alike, r.id FROM runs_on_line AS r)
            OR (failing.git_commit, failing.leg, s.run_id) IN (SELECT r.failing, r.leg, r.id FROM runs_later AS r)
        )
        -- What passed on an earlier commit does not tell that this one is fixed: its job was late, or its clock ahead.
        -- But who goes back to it in the same working copy has undone what failed.
        AND NOT EXISTS (
            SELECT FROM debug_runs AS passing
            JOIN debug_runs AS of_failure ON of_failure.id = e.run_id
            WHERE passing.id = s.run_id
                AND (
                    (of_failure.git_commit, passing.git_commit) IN (SELECT a.failing, a.passing FROM ascents AS a)
                    AND NOT (debug_is_same_copy(of_failure, passing) AND passing.ci ->> 'cicd.provider' IS NULL)
                ) IS TRUE
        )
        -- An attempt that failed elsewhere, in its teardown or in a subtest, recovers nothing, least of all itself.
        AND NOT EXISTS (
            SELECT FROM debug_error_events AS other
            WHERE other.task_id = s.task_id
                AND other.run_id = s.run_id
                AND other.agent_name = s.agent_name
                AND (other.metadata ->> 'attempt')::integer = s.retry_count + 1
                AND (e.subtest IS NULL OR other.metadata ->> 'subtest' IS NOT DISTINCT FROM e.subtest
                    OR other.metadata ->> 'phase' <> 'call')
        )
        -- Nor does one of which nobody knows how it ended: its process died in it.
        AND NOT EXISTS (
            SELECT FROM unfinished AS open
            WHERE open.correlation_id = s.correlation_id
                AND open.agent_name = s.agent_name
                AND open.operation_name = s.operation_name
        )
        -- Nor one that came before, on the same machine, when its clock showed a later time. The clock that nobody sets is
        -- read at a run's start; it and the run's own clock are less than a tenth of a second apart.
        AND NOT EXISTS (
            SELECT FROM debug_runs AS failing
            JOIN debug_runs AS passing USING (boot_id)
            WHERE failing.id = e.run_id AND passing.id = s.run_id AND failing.id <> passing.id
                AND passing.boot_seconds + extract(epoch FROM s.occurred_at - passing.started_at) + 0.1
                    < failing.boot_seconds + extract(epoch FROM e.occurred_at - failing.started_at)
        )
    ORDER BY s.occurred_at, s.id
    LIMIT 1
) AS s ON TRUE;

CREATE TEMP TABLE unlinked ON COMMIT DROP AS
SELECT c.id, s.run_id AS success_run
FROM debug_error_success_correlation AS c
JOIN linked AS l ON l.error_id = c.error_event_id
JOIN debug_success_events AS s ON s.id = c.success_event_id
WHERE c.success_event_id IS DISTINCT FROM l.success_id;

DELETE FROM debug_error_success_correlation AS c USING unlinked AS u WHERE c.id = u.id;

INSERT INTO debug_error_success_correlation (
    id, error_event_id, success_event_id, correlation_id, task_id, error_type, error_code, fingerprint, recovery_path,
    recovery_duration_ms, intermediate_steps, recovery_strategy, confidence_score, evidence, correlated_at
)
SELECT
    debug_snapshot_id(l.success_id::text, l.error_id::text),
    l.error_id,
    l.success_id,
    l.correlation_id,
    l.task_id,
    e.error_type,
    e.error_code,
    e.metadata ->> 'fingerprint',
    CASE WHEN l.error_run = l.success_run
        THEN format('attempt %%s failed, attempt %%s of the same run passed', l.attempt, l.retry_count + 1)
    END,
    least((extract(epoch FROM l.passed_at - l.failed_at) * 1000)::bigint, 2147483647)::integer,
    CASE WHEN l.error_run = l.success_run THEN greatest(s.execution_step - e.execution_step - 1, 0) END,
    CASE WHEN l.error_run = l.success_run THEN 'retry' ELSE 'unknown' END,
    CASE WHEN l.error_run = l.success_run THEN 1 ELSE 0 END,
    CASE WHEN l.error_run = l.success_run THEN '{"terms": {"same_run": 1}}'::jsonb END,
    l.passed_at
FROM linked AS l
JOIN debug_error_events AS e ON e.id = l.error_id
JOIN debug_success_events AS s ON s.id = l.success_id
ON CONFLICT (error_event_id, success_event_id) DO NOTHING;
