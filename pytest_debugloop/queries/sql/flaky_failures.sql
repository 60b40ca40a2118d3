-- Tell how each test fails most often: what was not fixed by a change first.

SELECT DISTINCT ON (task_id) task_id, times, failures, error_type, error_code, error_message, last_error_id
FROM (
    SELECT
        e.task_id,
        count(*) AS times,
        count(*) FILTER (
            WHERE coalesce(e.recovery_strategy, '') NOT IN ('code_change', 'data_change', 'dependency_change')
        ) AS flakes,
        sum(count(*)) OVER (PARTITION BY e.task_id)::bigint AS failures,
        (array_agg(e.error_type ORDER BY e.occurred_at DESC, e.id DESC))[1] AS error_type,
        (array_agg(e.error_code ORDER BY e.occurred_at DESC, e.id DESC))[1] AS error_code,
        (array_agg(e.error_message ORDER BY e.occurred_at DESC, e.id DESC))[1] AS error_message,
        (array_agg(e.id ORDER BY e.occurred_at DESC, e.id DESC))[1] AS last_error_id,
        max(e.occurred_at) AS last_at
    FROM debug_error_events AS e
    WHERE e.task_id = ANY(%(task_ids)s) AND NOT e.metadata ? 'incident'
    GROUP BY e.task_id, coalesce(e.metadata ->> 'fingerprint', e.error_type)
) AS kinds
ORDER BY task_id, flakes DESC, times DESC, last_at DESC;
