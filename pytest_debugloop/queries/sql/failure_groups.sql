-- Group failures by their fingerprint, the most frequent first.

SELECT
    g.fingerprint, g.times, g.tests, g.runs, g.first_at, g.last_at, g.recovered, g.retried,
    last.id AS last_error_id, last.error_type, last.error_code, last.error_message, last.error_category,
    coalesce(t.node_id, last.operation_name, '') AS last_node_id,
    -- Of the frames, the innermost; of generated code there is no file to go to.
    place.value ->> 0 AS file, substring(place.value ->> 1 FROM '^\d{1,9}$')::integer AS line
FROM (
    SELECT
        e.metadata ->> 'fingerprint' AS fingerprint, count(*) AS times, count(DISTINCT e.task_id) AS tests,
        count(DISTINCT e.run_id) AS runs, min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at,
        count(e.resolved_at) AS recovered, count(*) FILTER (WHERE e.recovery_strategy = 'retry') AS retried,
        (max(ARRAY[extract(epoch FROM e.occurred_at)::text, e.id::text]))[2]::uuid AS last_id
    FROM debug_error_events AS e
    LEFT JOIN debug_runs AS r ON r.id = e.run_id
    WHERE (%(project)s::text IS NULL OR r.project = %(project)s)
        AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
        AND (%(since)s::timestamptz IS NULL OR e.occurred_at >= %(since)s)
        AND (NOT %(is_open)s OR e.resolved_at IS NULL)
    GROUP BY e.metadata ->> 'fingerprint'
    ORDER BY count(*) DESC, max(e.occurred_at) DESC
    LIMIT %(limit)s
) AS g
JOIN debug_error_events AS last ON last.id = g.last_id
LEFT JOIN debug_tasks AS t ON t.id = last.task_id
CROSS JOIN LATERAL (
    SELECT coalesce(
        jsonb_path_query_first(last.metadata, 'strict $.code[*] ? (!(@[0] starts with "<"))', '{}', true),
        last.metadata #> '{code,0}'
    ) AS value
) AS place
ORDER BY g.times DESC, g.last_at DESC;
