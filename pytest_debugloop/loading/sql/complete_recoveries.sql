-- Link each error of a workflow to the first later success of the same test in it: a retry that passed.

INSERT INTO debug_error_success_correlation (
    error_event_id, success_event_id, correlation_id, recovery_path, recovery_duration_ms, intermediate_steps,
    recovery_strategy, confidence_score, correlated_at
)
SELECT DISTINCT ON (e.id)
    e.id,
    s.id,
    s.correlation_id,
    format('attempt %%s failed, attempt %%s of the same run passed', e.metadata ->> 'attempt', s.retry_count + 1),
    (extract(epoch FROM s.occurred_at - e.occurred_at) * 1000)::integer,
    greatest(s.execution_step - e.execution_step - 1, 0),
    'retry',
    1,
    s.occurred_at
FROM debug_error_events AS e
JOIN debug_success_events AS s
    ON s.correlation_id = e.correlation_id
    AND s.operation_name = e.operation_name
    AND s.occurred_at > e.occurred_at
    AND s.retry_count >= (e.metadata ->> 'attempt')::integer
    AND s.metadata ->> 'subtest' IS NOT DISTINCT FROM e.metadata ->> 'subtest'
WHERE e.correlation_id = %(correlation_id)s
    AND s.retry_count > 0
    -- An attempt that failed elsewhere (in its teardown) recovers nothing.
    AND NOT EXISTS (
        SELECT FROM debug_error_events AS other
        WHERE other.correlation_id = e.correlation_id
            AND other.operation_name = e.operation_name
            AND (other.metadata ->> 'attempt')::integer = s.retry_count + 1
    )
ORDER BY e.id, s.occurred_at
ON CONFLICT (error_event_id, success_event_id) DO NOTHING;

UPDATE debug_error_events AS e
SET is_recoverable = TRUE,
    recovery_attempted = TRUE,
    recovery_successful = TRUE,
    recovery_strategy = c.recovery_strategy,
    resolved_at = s.occurred_at,
    error_severity = 'low'
FROM debug_error_success_correlation AS c
JOIN debug_success_events AS s ON s.id = c.success_event_id
WHERE c.correlation_id = %(correlation_id)s
    AND e.id = c.error_event_id
    AND e.resolved_at IS NULL;

UPDATE debug_success_events AS s SET success_type = 'recovery_success'
FROM debug_error_success_correlation AS c
WHERE c.correlation_id = %(correlation_id)s
    AND s.id = c.success_event_id
    AND s.success_type = 'validation_pass';

-- The share of a test's attempts that passed, where it had several.
UPDATE debug_success_events AS s SET quality_score = share.passed
FROM (
    SELECT operation_name, round(avg((status = 'completed')::integer), 4) AS passed
    FROM debug_workflow_steps
    WHERE correlation_id = %(correlation_id)s AND step_type = 'call'
    GROUP BY operation_name
    HAVING count(*) > 1
) AS share
WHERE s.correlation_id = %(correlation_id)s
    AND s.operation_name = share.operation_name
    AND s.metadata ->> 'subtest' IS NULL
    AND s.quality_score IS DISTINCT FROM share.passed;

-- Retried, and in vain.
UPDATE debug_error_events AS e SET recovery_attempted = TRUE, recovery_successful = FALSE
FROM (
    SELECT operation_name, max((metadata ->> 'attempt')::integer) AS attempts
    FROM debug_workflow_steps
    WHERE correlation_id = %(correlation_id)s AND step_type = 'setup'
    GROUP BY operation_name
    HAVING max((metadata ->> 'attempt')::integer) > 1
) AS tried
WHERE e.correlation_id = %(correlation_id)s
    AND e.resolved_at IS NULL
    AND NOT e.recovery_attempted
    AND e.operation_name = tried.operation_name
    AND tried.attempts > (e.metadata ->> 'attempt')::integer;
