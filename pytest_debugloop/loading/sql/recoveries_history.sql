-- Give the attempts of tests, each up to the moment at which it recovered, the latest 500 of each; where one began to
-- fail, and nothing that reaches the test was different from its last pass before, with what that pass ran on.

SELECT
    wanted.number, a.run_id, a.agent_name, a.operation_name, a.failed, coalesce(r.conditions, a.run_id::text),
    CASE WHEN o.change_ratio < 0.2
        THEN coalesce(passed.conditions, passed.id::text) END
FROM unnest(%(tasks)s::uuid[], %(moments)s::timestamptz[]) WITH ORDINALITY AS wanted (task_id, moment, number)
CROSS JOIN LATERAL (
    SELECT a.run_id, a.agent_name, a.operation_name, a.failed, a.ended_at
    FROM debug_test_attempts AS a
    WHERE a.task_id = wanted.task_id AND a.ended_at < wanted.moment
    ORDER BY a.ended_at DESC
    LIMIT 500
) AS a
JOIN debug_runs AS r ON r.id = a.run_id
LEFT JOIN debug_failure_onsets AS o ON a.failed AND o.task_id = wanted.task_id AND o.run_id = a.run_id
LEFT JOIN debug_runs AS passed ON passed.id = o.passed_run_id
ORDER BY wanted.number, a.ended_at;
