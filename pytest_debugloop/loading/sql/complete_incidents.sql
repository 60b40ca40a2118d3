-- Mark the failures of an incident: many tests of a run that something outside of it failed in the same way. They say
-- nothing of the tests.

UPDATE debug_error_events AS e
SET metadata = e.metadata || jsonb_build_object('incident', i.tests)
FROM (
    SELECT error_code, count(DISTINCT task_id) AS tests
    FROM debug_error_events
    WHERE correlation_id = %(correlation_id)s AND run_id = %(run_id)s AND error_category = 'external'
        AND error_type <> 'timeout' AND task_id IS NOT NULL
    GROUP BY error_code
    HAVING count(DISTINCT task_id) >= 10
) AS i
WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.error_category = 'external'
    AND e.error_code = i.error_code AND e.task_id IS NOT NULL
    AND e.metadata -> 'incident' IS DISTINCT FROM to_jsonb(i.tests);
