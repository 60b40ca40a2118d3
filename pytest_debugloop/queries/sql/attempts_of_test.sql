-- Give the attempts of a test, the latest first.

SELECT
    a.run_id, a.agent_name, a.attempt, a.ended_at, a.failed, r.conditions, r.git_commit, r.git_branch
FROM debug_test_attempts AS a
JOIN debug_runs AS r ON r.id = a.run_id
WHERE a.task_id = %(task_id)s
ORDER BY a.ended_at DESC
LIMIT %(limit)s;
