-- Count the tests that passed in a run after they had failed in earlier ones, by what they passed again by; the most
-- first. Of each test the last failure is asked.

SELECT count(*) AS tests, f.strategy, f.is_sure, (array_agg(f.evidence ORDER BY f.task_id))[1] AS evidence
FROM (
    SELECT DISTINCT ON (c.task_id)
        c.task_id, c.recovery_strategy AS strategy, c.confidence_score >= 0.5 AS is_sure, c.evidence
    FROM debug_success_events AS s
    JOIN debug_error_success_correlation AS c ON c.success_event_id = s.id
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s AND s.success_type = 'recovery_success'
        AND e.run_id <> s.run_id
    ORDER BY c.task_id, e.occurred_at DESC, e.id
) AS f
GROUP BY f.strategy, f.is_sure, f.evidence #>> '{code,0,file}', f.evidence #>> '{code,0,function}',
    f.evidence #>> '{data,0,file}'
ORDER BY tests DESC, f.strategy, f.is_sure DESC
LIMIT %(most)s;
