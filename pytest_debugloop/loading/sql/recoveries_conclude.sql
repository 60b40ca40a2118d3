-- Tell the errors and successes of this run's tests what became of them.

CREATE TEMP TABLE touched ON COMMIT DROP AS
SELECT id FROM looked_at
UNION
SELECT error_event_id FROM debug_error_success_correlation WHERE id = ANY (%(concluded)s::uuid[]);

UPDATE debug_error_events AS e
SET is_recoverable = TRUE,
    recovery_attempted = TRUE,
    recovery_successful = TRUE,
    recovery_strategy = c.recovery_strategy,
    resolved_at = c.correlated_at,
    error_severity = CASE WHEN c.recovery_strategy = 'retry' THEN 'low' ELSE e.error_severity END
FROM touched
JOIN debug_error_success_correlation AS c ON c.error_event_id = touched.id
WHERE e.id = touched.id
    AND (e.resolved_at, e.recovery_strategy) IS DISTINCT FROM (c.correlated_at, c.recovery_strategy);

UPDATE debug_error_events AS e
SET is_recoverable = FALSE, recovery_successful = NULL, recovery_strategy = NULL, resolved_at = NULL
FROM linked AS l
WHERE e.id = l.error_id AND l.success_id IS NULL AND e.resolved_at IS NOT NULL;

-- Tried again, and in vain as far as is known.
UPDATE debug_error_events AS e
SET recovery_attempted = TRUE, recovery_successful = FALSE
FROM linked AS l
WHERE e.id = l.error_id AND l.success_id IS NULL AND e.recovery_successful IS NULL
    AND EXISTS (
        SELECT FROM debug_error_events AS again
        WHERE again.task_id = e.task_id AND again.run_id = e.run_id AND again.occurred_at > e.occurred_at
            -- Workers count apart: the first attempt in one may come after the first in another.
            AND (again.agent_name, (again.metadata ->> 'attempt')::integer) <> (e.agent_name, l.attempt)
    );

UPDATE debug_success_events AS s SET success_type = 'recovery_success'
FROM linked AS l
WHERE s.id = l.success_id AND s.success_type = 'validation_pass';

UPDATE debug_success_events AS s SET success_type = 'validation_pass'
WHERE s.success_type = 'recovery_success'
    AND s.task_id IN (SELECT task_id FROM looked_at)
    AND NOT EXISTS (SELECT FROM debug_error_success_correlation AS c WHERE c.success_event_id = s.id);

-- The share of the test's attempts in the run that passed.
WITH retried AS (
    SELECT s.task_id, count(*) AS passes
    FROM debug_success_events AS s
    WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s
        AND s.metadata ->> 'subtest' IS NULL
        AND NOT EXISTS (
            SELECT FROM looked_at AS f
            WHERE f.task_id = s.task_id AND f.run_id = s.run_id AND f.agent_name = s.agent_name
                AND f.attempt = s.retry_count + 1
        )
        AND s.task_id IN (SELECT task_id FROM looked_at WHERE run_id = %(run_id)s)
    GROUP BY s.task_id
),
failed AS (
    SELECT task_id, count(DISTINCT (agent_name, attempt)) AS failures
    FROM looked_at WHERE run_id = %(run_id)s AND subtest IS NULL
    GROUP BY task_id
)
UPDATE debug_success_events AS s
SET quality_score = round(retried.passes / (retried.passes + failed.failures)::numeric, 4)
FROM retried JOIN failed USING (task_id)
WHERE s.task_id = retried.task_id AND s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s
    AND s.metadata ->> 'subtest' IS NULL;
