-- Give the last failure of a test: of an attempt, the error that came first, for what follows may be its consequence.

SELECT e.id
FROM debug_error_events AS e
WHERE e.task_id = %(task_id)s
ORDER BY (
    SELECT max(last.occurred_at) FROM debug_error_events AS last
    WHERE last.task_id = e.task_id AND last.run_id = e.run_id AND last.agent_name = e.agent_name
        AND last.metadata -> 'attempt' IS NOT DISTINCT FROM e.metadata -> 'attempt'
) DESC, e.occurred_at
LIMIT 1;
