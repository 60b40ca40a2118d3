-- Link each error of a workflow to the first later success of the same test in it: a retry that passed.
--
-- Only tests that were attempted more than once matter: there are few, so they are found first.

CREATE TEMP TABLE retried ON COMMIT DROP AS
SELECT
    operation_name,
    max((metadata ->> 'attempt')::integer) AS attempts,
    round(avg((status = 'completed')::integer) FILTER (WHERE step_type = 'call'), 4) AS passed
FROM debug_workflow_steps
WHERE correlation_id = %(correlation_id)s AND step_type IN ('setup', 'call')
GROUP BY operation_name
HAVING count(*) FILTER (WHERE step_type = 'setup') > 1 OR max((metadata ->> 'attempt')::integer) > 1;

CREATE TEMP TABLE retried_errors ON COMMIT DROP AS
SELECT
    e.id, e.operation_name, e.occurred_at, e.execution_step, (e.metadata ->> 'attempt')::integer AS attempt,
    e.metadata ->> 'subtest' AS subtest, r.attempts
FROM debug_error_events AS e
JOIN retried AS r USING (operation_name)
WHERE e.correlation_id = %(correlation_id)s;

CREATE TEMP TABLE retried_successes ON COMMIT DROP AS
SELECT
    s.id, s.operation_name, s.occurred_at, s.execution_step, s.retry_count, s.metadata ->> 'subtest' AS subtest
FROM debug_success_events AS s
JOIN retried AS r USING (operation_name)
WHERE s.correlation_id = %(correlation_id)s;

ANALYZE retried, retried_errors, retried_successes;

INSERT INTO debug_error_success_correlation (
    error_event_id, success_event_id, correlation_id, recovery_path, recovery_duration_ms, intermediate_steps,
    recovery_strategy, confidence_score, correlated_at
)
SELECT DISTINCT ON (e.id)
    e.id,
    s.id,
    %(correlation_id)s,
    format('attempt %%s failed, attempt %%s of the same run passed', e.attempt, s.retry_count + 1),
    (extract(epoch FROM s.occurred_at - e.occurred_at) * 1000)::integer,
    greatest(s.execution_step - e.execution_step - 1, 0),
    'retry',
    1,
    s.occurred_at
FROM retried_errors AS e
JOIN retried_successes AS s
    ON s.operation_name = e.operation_name
    AND s.subtest IS NOT DISTINCT FROM e.subtest
    AND s.retry_count >= e.attempt
    AND s.occurred_at > e.occurred_at
-- An attempt that failed elsewhere (in its teardown) recovers nothing.
WHERE NOT EXISTS (
    SELECT FROM retried_errors AS other
    WHERE other.operation_name = s.operation_name AND other.attempt = s.retry_count + 1
)
ORDER BY e.id, s.occurred_at
ON CONFLICT (error_event_id, success_event_id) DO NOTHING;

UPDATE debug_error_events AS e
SET is_recoverable = TRUE,
    recovery_attempted = TRUE,
    recovery_successful = TRUE,
    recovery_strategy = c.recovery_strategy,
    resolved_at = c.correlated_at,
    error_severity = 'low'
FROM retried_errors AS r
JOIN debug_error_success_correlation AS c ON c.error_event_id = r.id
WHERE e.id = r.id AND e.resolved_at IS NULL;

UPDATE debug_success_events AS s SET success_type = 'recovery_success'
FROM retried_successes AS r
JOIN debug_error_success_correlation AS c ON c.success_event_id = r.id
WHERE s.id = r.id AND s.success_type = 'validation_pass';

-- The share of the test's attempts that passed.
UPDATE debug_success_events AS s SET quality_score = retried.passed
FROM retried_successes AS r
JOIN retried USING (operation_name)
WHERE s.id = r.id AND r.subtest IS NULL AND s.quality_score IS DISTINCT FROM retried.passed;

-- Retried, and in vain.
UPDATE debug_error_events AS e SET recovery_attempted = TRUE, recovery_successful = FALSE
FROM retried_errors AS r
WHERE e.id = r.id AND r.attempts > r.attempt AND e.resolved_at IS NULL AND NOT e.recovery_attempted;
