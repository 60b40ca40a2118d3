-- List the attempts of tests in a run, each with its phases, in the order in which the tests began; then its attempts.
--
-- A file that could not be collected is listed as well: it has no attempt, but it has an outcome.

SELECT
    a.operation_name, coalesce(t.node_id, a.operation_name) AS node_id, t.id AS task_id, a.agent_name, a.attempt,
    CASE
        WHEN 'failed' IN (a.call_outcome, a.subtest_outcome) THEN 'failed'
        WHEN 'failed' IN (a.setup_outcome, a.teardown_outcome, a.collect_outcome) THEN 'error'
        WHEN 'started' IN (a.setup_outcome, a.call_outcome, a.teardown_outcome, a.collect_outcome) THEN 'died'
        ELSE coalesce(
            nullif(a.setup_outcome, 'passed'), a.call_outcome, nullif(a.collect_outcome, 'passed'), a.setup_outcome,
            'passed'
        )
    END AS outcome,
    a.setup_outcome, a.call_outcome, a.teardown_outcome, a.collect_outcome,
    a.setup_ms, a.call_ms, a.teardown_ms, a.reason, a.failures, a.started_at, a.ended_at
FROM (
    SELECT
        s.operation_name,
        s.agent_name,
        substring(s.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
        max(o.outcome) FILTER (WHERE s.step_type = 'setup') AS setup_outcome,
        max(o.outcome) FILTER (WHERE s.step_type = 'call') AS call_outcome,
        max(o.outcome) FILTER (WHERE s.step_type = 'teardown') AS teardown_outcome,
        max(o.outcome) FILTER (WHERE s.step_type = 'collect') AS collect_outcome,
        min(o.outcome) FILTER (WHERE s.step_type = 'subtest' AND o.outcome = 'failed') AS subtest_outcome,
        sum(o.ms) FILTER (WHERE s.step_type = 'setup') AS setup_ms,
        sum(o.ms) FILTER (WHERE s.step_type = 'call') AS call_ms,
        sum(o.ms) FILTER (WHERE s.step_type = 'teardown') AS teardown_ms,
        min(s.metadata ->> 'reason') FILTER (WHERE s.step_type <> 'subtest') AS reason,
        coalesce(
            array_agg(s.error_event_id ORDER BY s.step_number) FILTER (WHERE s.error_event_id IS NOT NULL), '{}'
        ) AS failures,
        min(s.started_at) AS started_at,
        max(s.completed_at) AS ended_at,
        min(min(s.step_number)) OVER (PARTITION BY s.operation_name, s.agent_name) AS place
    FROM debug_workflow_steps AS s
    JOIN debug_runs AS r ON r.correlation_id = s.correlation_id
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN s.status = 'started' THEN 'started'
                WHEN s.status = 'failed' THEN 'failed'
                ELSE coalesce(s.metadata ->> 'outcome', 'passed')
            END AS outcome,
            extract(epoch FROM s.completed_at - s.started_at) * 1000 AS ms
    ) AS o
    WHERE r.id = %(run_id)s
        AND s.started_at BETWEEN r.started_at AND coalesce(r.finished_at, 'infinity')
        AND s.step_type IN ('setup', 'call', 'teardown', 'subtest', 'collect')
        AND (s.step_type <> 'collect' OR s.status <> 'completed')
    GROUP BY s.operation_name, s.agent_name, substring(s.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer
) AS a
LEFT JOIN debug_tasks AS t
    ON t.operation_name = a.operation_name AND t.project = (SELECT project FROM debug_runs WHERE id = %(run_id)s)
WHERE %(task_ids)s::uuid[] IS NULL OR t.id = ANY (%(task_ids)s)
ORDER BY a.place, a.operation_name, a.agent_name, a.attempt;
