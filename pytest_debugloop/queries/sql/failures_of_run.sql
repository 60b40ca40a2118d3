-- List what failed in a run: of each test and phase the last attempt, those that no retry mended first; of what is of no
-- test, all.

SELECT
    e.id, e.run_id, e.correlation_id, e.task_id, coalesce(t.node_id, e.operation_name, '') AS node_id, e.operation_name,
    e.error_type, e.error_category, e.error_severity, e.error_code, e.error_message, e.occurred_at, e.agent_name,
    e.state_snapshot_id AS snapshot_id, e.recovery_strategy, e.resolved_at,
    e.metadata ->> 'phase' AS phase, substring(e.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer AS attempt,
    e.metadata ->> 'subtest' AS subtest, e.metadata ->> 'fingerprint' AS fingerprint,
    e.metadata ? 'incident' AS is_incident, e.attempts_failed
FROM (
    SELECT DISTINCT ON (what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest') d.*,
        count(*) OVER (PARTITION BY what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest') AS attempts_failed
    FROM debug_error_events AS d
    CROSS JOIN LATERAL (SELECT coalesce(d.task_id::text, d.operation_name, d.id::text) AS it) AS what
    WHERE d.run_id = %(run_id)s AND d.correlation_id = %(correlation_id)s
    ORDER BY what.it, d.metadata ->> 'phase', d.metadata ->> 'subtest', d.occurred_at DESC, d.id DESC
) AS e
LEFT JOIN debug_tasks AS t ON t.id = e.task_id
ORDER BY e.recovery_strategy IS NOT DISTINCT FROM 'retry', e.occurred_at, e.id
LIMIT %(limit)s;
