-- Group failures by their fingerprint, or by their cause, the most frequent first.

SELECT
    last.metadata ->> 'fingerprint' AS fingerprint, g.times, g.tests, g.runs, g.first_at, g.last_at, g.recovered, g.retried, g.not_run,
    CASE WHEN g.not_run > 0 AND g.not_run + g.recovered = g.times THEN open.occurred_at END AS not_run_since,
    coalesce(debug_passes_elsewhere(open.task_id, open.run_id), '[]') AS passes_elsewhere,
    last.id AS last_error_id, last.error_type, last.error_code, last.error_message, last.error_category,
    coalesce(t.node_id, last.operation_name, '') AS last_node_id,
    -- Of the frames, the innermost; of generated code there is no file to go to.
    place.value ->> 0 AS file, substring(place.value ->> 1 FROM '^\d{1,9}$')::integer AS line,
    debug_failure_function(last.error_stack_trace, place.value) AS function,
    last.cause_fingerprint AS cause, g.fingerprints
FROM (
    SELECT
        count(*) AS times, count(DISTINCT e.metadata ->> 'fingerprint') AS fingerprints, count(DISTINCT e.task_id) AS tests,
        count(DISTINCT e.run_id) AS runs, min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at,
        count(e.resolved_at) AS recovered, count(*) FILTER (WHERE e.recovery_strategy = 'retry') AS retried,
        -- Open, and its test has not been run on its line, or its line at all, for two weeks.
        count(*) FILTER (
            WHERE e.resolved_at IS NULL AND e.occurred_at < now() - interval '14 days'
                AND CASE
                    WHEN e.task_id IS NULL THEN NOT EXISTS (
                        SELECT FROM debug_runs AS l
                        WHERE l.project = r.project AND l.line = r.line AND l.started_at >= now() - interval '14 days'
                    )
                    ELSE NOT EXISTS (
                        SELECT FROM debug_error_events AS o
                        JOIN debug_runs AS l ON l.id = o.run_id
                        WHERE o.task_id = e.task_id AND o.occurred_at >= now() - interval '14 days' AND l.line = r.line
                    )
                END
        ) AS not_run,
        (max(ARRAY[extract(epoch FROM e.occurred_at)::text, e.id::text]))[2]::uuid AS last_id,
        (max(ARRAY[extract(epoch FROM e.occurred_at)::text, e.id::text]) FILTER (WHERE e.resolved_at IS NULL))[2]::uuid
            AS open_id
    FROM debug_error_events AS e
    LEFT JOIN debug_runs AS r ON r.id = e.run_id
    WHERE (%(project)s::text IS NULL OR r.project = %(project)s)
        AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
        AND (%(change)s::text IS NULL OR r.change_id = %(change)s)
        AND (%(job)s::text IS NULL OR r.ci ->> 'cicd.pipeline.task.name' = %(job)s)
        AND (%(leg)s::text IS NULL OR r.leg = %(leg)s OR %(leg)s = ANY (string_to_array(r.leg, ', ')))
        AND (%(session_ids)s::uuid[] IS NULL OR r.session_id = ANY (%(session_ids)s))
        AND (%(since)s::timestamptz IS NULL OR e.occurred_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR e.occurred_at < %(until)s)
        AND (%(task_ids)s::uuid[] IS NULL OR e.task_id = ANY (%(task_ids)s))
        AND (NOT %(is_open)s OR e.resolved_at IS NULL)
    GROUP BY CASE WHEN %(by_cause)s THEN e.cause_fingerprint ELSE e.metadata ->> 'fingerprint' END
    ORDER BY count(*) DESC, max(e.occurred_at) DESC
    LIMIT %(limit)s
) AS g
JOIN debug_error_events AS last ON last.id = g.last_id
LEFT JOIN debug_error_events AS open ON open.id = g.open_id
LEFT JOIN debug_tasks AS t ON t.id = last.task_id
CROSS JOIN LATERAL (
    SELECT coalesce(
        jsonb_path_query_first(last.metadata, 'strict $.code[*] ? (!(@[0] starts with "<"))', '{}', true),
        last.metadata #> '{code,0}'
    ) AS value
) AS place
ORDER BY g.times DESC, g.last_at DESC;
