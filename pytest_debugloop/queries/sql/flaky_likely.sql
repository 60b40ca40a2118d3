-- Name the tests that recovered most often without a change, and then those that failed in most runs.

SELECT e.task_id
FROM debug_error_events AS e
WHERE e.task_id = ANY(%(task_ids)s)
GROUP BY e.task_id
ORDER BY count(*) FILTER (WHERE e.recovery_strategy IN ('retry', 'rerun')) DESC, count(DISTINCT e.run_id) DESC, e.task_id;
