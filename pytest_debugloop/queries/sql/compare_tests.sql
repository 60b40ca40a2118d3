-- List the tests that two sides of a comparison tell apart, and those that fail; then how many are the same on both.
--
-- A result counts once for each leg: the one of the leg's latest run that ran the test. Of a run it is the last attempt's.

WITH sides AS MATERIALIZED (
    SELECT r.id, r.correlation_id, r.project, r.leg, r.started_at, r.code_version, side.is_head
    FROM (VALUES (TRUE, %(head)s::uuid []), (FALSE, %(base)s::uuid [])) AS side (is_head, ids)
    JOIN debug_runs AS r ON r.id = ANY (side.ids)
),
results AS MATERIALIZED (
    SELECT DISTINCT ON (x.is_head, x.leg, x.task_id) x.*
    FROM (
        SELECT
            s.is_head, s.leg, s.id AS run_id, s.started_at, e.task_id, e.id AS error_id,
            CASE WHEN later.passed THEN 'flaked' ELSE 'failed' END AS outcome,
            CASE WHEN later.passed THEN 1 ELSE 0 END AS rank,
            e.occurred_at
        FROM sides AS s
        CROSS JOIN LATERAL (
            SELECT * FROM debug_error_events AS e
            WHERE e.correlation_id = s.correlation_id AND e.run_id = s.id
            OFFSET 0  -- a run at a time, by the index: the planner would rather read all
        ) AS e
        CROSS JOIN LATERAL (
            SELECT EXISTS (
                SELECT FROM debug_success_events AS p
                WHERE p.task_id = e.task_id AND p.run_id = e.run_id AND p.agent_name = e.agent_name
                    AND p.retry_count >= (e.metadata ->> 'attempt')::integer AND p.metadata ->> 'subtest' IS NULL
                    AND NOT EXISTS (
                        SELECT FROM debug_error_events AS o
                        WHERE o.task_id = p.task_id AND o.run_id = p.run_id AND o.agent_name = p.agent_name
                            AND (o.metadata ->> 'attempt')::integer > (e.metadata ->> 'attempt')::integer
                            AND (o.metadata ->> 'attempt')::integer >= p.retry_count + 1
                    )
            ) AS passed
        ) AS later
        WHERE e.task_id IS NOT NULL
        UNION ALL
        SELECT s.is_head, s.leg, s.id, s.started_at, p.task_id, NULL, 'passed', 2, p.occurred_at
        FROM sides AS s
        CROSS JOIN LATERAL (
            SELECT p.task_id, p.occurred_at FROM debug_success_events AS p
            WHERE p.correlation_id = s.correlation_id AND p.run_id = s.id
                AND p.task_id IS NOT NULL AND p.metadata ->> 'subtest' IS NULL
            OFFSET 0
        ) AS p
        UNION ALL
        SELECT s.is_head, s.leg, s.id, s.started_at, t.id, NULL, 'skipped', 3, w.started_at
        FROM sides AS s
        JOIN debug_workflow_steps AS w ON w.correlation_id = s.correlation_id
        JOIN debug_tasks AS t ON t.project = s.project AND t.operation_name = w.operation_name
        WHERE w.status = 'skipped' AND w.started_at >= s.started_at
    ) AS x
    ORDER BY x.is_head, x.leg, x.task_id, x.started_at DESC, x.rank, x.occurred_at DESC
),
tests AS MATERIALIZED (
    SELECT
        task_id,
        bool_or(is_head) AS in_head,
        bool_or(NOT is_head) AS in_base,
        coalesce(array_agg(leg ORDER BY leg) FILTER (WHERE is_head AND outcome = 'failed'), '{}') AS head_failed,
        coalesce(array_agg(leg ORDER BY leg) FILTER (WHERE NOT is_head AND outcome = 'failed'), '{}') AS base_failed,
        coalesce(bool_or(is_head AND outcome IN ('passed', 'flaked')), FALSE) AS head_passed,
        coalesce(bool_or(NOT is_head AND outcome IN ('passed', 'flaked')), FALSE) AS base_passed,
        coalesce(bool_or(is_head AND outcome = 'flaked'), FALSE) AS head_flaked,
        (array_agg(error_id ORDER BY outcome <> 'failed', started_at DESC, leg)
            FILTER (WHERE is_head AND error_id IS NOT NULL))[1] AS head_error,
        (array_agg(error_id ORDER BY outcome <> 'failed', started_at DESC, leg)
            FILTER (WHERE NOT is_head AND error_id IS NOT NULL))[1] AS base_error
    FROM results
    GROUP BY task_id
),
base_legs AS (
    SELECT coalesce(array_agg(DISTINCT leg), '{}') AS legs FROM sides WHERE NOT is_head
),
-- Of what was not run on the base: what the branch knew of it before. The latest attempts are looked at.
placed AS MATERIALIZED (
    SELECT
        t.*,
        CASE WHEN t.in_base THEN t.base_failed ELSE coalesce(earlier.failed, '{}') END AS known_failed,
        t.in_base OR earlier.run_id IS NOT NULL AS is_known,
        coalesce(t.base_error, earlier.error_id) AS known_error
    FROM tests AS t
    LEFT JOIN LATERAL (
        SELECT a.error_id, CASE WHEN a.error_id IS NULL THEN '{}' ELSE ARRAY[r.leg::text] END AS failed, a.run_id
        FROM (
            (
                SELECT p.run_id, p.occurred_at, NULL::uuid AS error_id
                FROM debug_success_events AS p
                WHERE p.task_id = t.task_id
                ORDER BY p.occurred_at DESC
                LIMIT 50
            )
            UNION ALL
            (
                SELECT e.run_id, e.occurred_at, e.id
                FROM debug_error_events AS e
                WHERE e.task_id = t.task_id
                ORDER BY e.occurred_at DESC
                LIMIT 50
            )
        ) AS a
        JOIN debug_runs AS r ON r.id = a.run_id
        WHERE r.git_branch = %(base_branch)s
            AND (r.change_id IS NULL OR r.target_branch IS DISTINCT FROM %(base_branch)s)
            AND r.id <> ALL (%(head)s::uuid [])
            AND (%(before)s::timestamptz IS NULL OR r.started_at < %(before)s)
        ORDER BY a.occurred_at DESC
        LIMIT 1
    ) AS earlier ON NOT t.in_base AND %(base_branch)s::text IS NOT NULL
),
judged AS MATERIALIZED (
    SELECT
        p.*,
        ARRAY(
            SELECT l FROM unnest(p.head_failed) AS l
            WHERE l <> ALL (p.known_failed)
                AND (cardinality(p.known_failed) = 0 OR l = ANY (CASE WHEN p.in_base THEN b.legs ELSE '{}' END))
        ) AS new_failed,
        (%(task_ids)s::uuid[] IS NULL OR p.task_id = ANY (%(task_ids)s)) AS is_asked
    FROM placed AS p
    CROSS JOIN base_legs AS b
),
-- What was on the base and not run on the head is gone where its file is, its function is, or others of its parameters ran.
code AS MATERIALIZED (
    SELECT is_head, v.files
    FROM (SELECT DISTINCT ON (is_head) is_head, code_version FROM sides ORDER BY is_head, started_at DESC) AS s
    JOIN debug_code_versions AS v ON v.id = s.code_version
),
missing AS MATERIALIZED (
    SELECT j.task_id, t.file, t.name, replace(t.name, '::', '.') AS function
    FROM judged AS j
    JOIN debug_tasks AS t ON t.id = j.task_id
    WHERE NOT j.in_head
),
functions AS MATERIALIZED (
    SELECT c.is_head, m.file, array_agg(p.function) AS names
    FROM (SELECT DISTINCT file FROM missing) AS m
    CROSS JOIN code AS c
    JOIN debug_code_files AS f ON f.file = m.file AND f.file_hash = c.files ->> m.file
    CROSS JOIN LATERAL jsonb_array_elements(f.units) AS unit
    JOIN debug_code_pointers AS p ON p.id = (unit ->> 0)::uuid
    GROUP BY c.is_head, m.file
),
removed AS MATERIALIZED (
    SELECT m.task_id
    FROM missing AS m
    LEFT JOIN code AS head_code ON head_code.is_head
    LEFT JOIN code AS base_code ON NOT base_code.is_head
    LEFT JOIN functions AS h ON h.is_head AND h.file = m.file
    LEFT JOIN functions AS b ON NOT b.is_head AND b.file = m.file
    WHERE (base_code.files ? m.file AND NOT head_code.files ? m.file)
        OR (m.function = ANY (b.names) AND m.function <> ALL (h.names))
        OR (m.file, m.name) IN (
            SELECT t.file, t.name FROM judged AS j JOIN debug_tasks AS t ON t.id = j.task_id WHERE j.in_head
        )
),
scores AS MATERIALIZED (
    SELECT j.task_id, score.*
    FROM (
        SELECT task_id FROM judged
        WHERE is_asked AND (cardinality(head_failed) > 0 OR head_flaked)
        ORDER BY cardinality(new_failed) = 0, task_id
        LIMIT %(scored)s
    ) AS j
    CROSS JOIN LATERAL debug_recent_flakiness(j.task_id, 120) AS score
),
scored AS MATERIALIZED (
    SELECT
        j.*, score.is_flaky, score.flakes, score.tries,
        CASE
            WHEN cardinality(j.head_failed) > 0 AND cardinality(j.new_failed) = 0 THEN
                CASE WHEN h.metadata ->> 'fingerprint' IS DISTINCT FROM k.metadata ->> 'fingerprint'
                    THEN 'fails_otherwise' ELSE 'still_failing'
                END
            WHEN cardinality(j.head_failed) > 0 THEN CASE WHEN score.is_flaky THEN 'known_flake' ELSE 'new_failure' END
            WHEN cardinality(j.known_failed) > 0 AND j.head_passed THEN 'fixed'
            WHEN j.head_flaked THEN 'flaked'
            WHEN NOT j.is_known THEN 'new_test'
            WHEN NOT j.in_head THEN CASE WHEN removed.task_id IS NULL THEN 'not_run' ELSE 'removed' END
            ELSE 'same'
        END AS change
    FROM judged AS j
    LEFT JOIN removed ON removed.task_id = j.task_id
    LEFT JOIN debug_error_events AS h ON h.id = j.head_error
    LEFT JOIN debug_error_events AS k ON k.id = j.known_error
    LEFT JOIN scores AS score ON score.task_id = j.task_id
    WHERE j.is_asked
)
SELECT
    s.change, s.task_id, t.project, t.node_id, t.file, t.name, 1::bigint AS tests,
    s.head_failed AS failed_in, s.known_failed AS base_failed_in, NOT s.is_known AS is_new_test,
    coalesce(s.is_flaky, FALSE) AS is_flaky, coalesce(flaked.before, FALSE) AS flaked_before, s.flakes, s.tries,
    s.head_error AS error_id, e.error_type, e.error_code, left(e.error_message, 2000) AS error_message,
    e.cause_fingerprint AS cause, place.value ->> 0 AS error_file,
    substring(place.value ->> 1 FROM '^\d{1,9}$')::integer AS error_line,
    debug_failure_function(e.error_stack_trace, place.value) AS error_function,
    CASE WHEN s.change <> 'same' THEN s.known_error END AS base_error_id,
    since.occurred_at AS failing_since, since.run_id AS failing_since_run, since.git_commit AS failing_since_commit,
    CASE WHEN s.change = 'new_failure' THEN onset.evidence END AS evidence,
    onset.passed_run_id AS last_pass_run,
    CASE WHEN s.change = 'fixed' THEN recovered.recovery_strategy END AS recovery_strategy,
    CASE WHEN s.change = 'fixed' THEN recovered.confidence_score END AS confidence_score,
    CASE WHEN s.change = 'fixed' THEN recovered.evidence END AS recovery_evidence
FROM scored AS s
JOIN debug_tasks AS t ON t.id = s.task_id
LEFT JOIN debug_error_events AS e ON e.id = s.head_error
CROSS JOIN LATERAL (SELECT debug_failure_place(e.metadata) AS value) AS place
LEFT JOIN LATERAL (
    -- The first failure after the last pass on the line of the base.
    SELECT begun.failed_at AS occurred_at, begun.run_id, begun.git_commit
    FROM debug_error_events AS k
    JOIN debug_runs AS failing ON failing.id = k.run_id
    LEFT JOIN LATERAL debug_last_pass_on_line(s.task_id, failing, NULL, k.occurred_at, 100) AS passed ON TRUE
    CROSS JOIN LATERAL debug_failing_since(s.task_id, failing, passed.passed_at) AS begun
    WHERE k.id = s.known_error AND s.change IN ('still_failing', 'fails_otherwise')
) AS since ON TRUE
LEFT JOIN LATERAL (
    SELECT o.evidence, o.passed_run_id
    FROM debug_failure_onsets AS o
    JOIN debug_runs AS r ON r.id = o.run_id
    WHERE o.task_id = s.task_id AND s.change = 'new_failure' AND r.started_at <= e.occurred_at
    ORDER BY r.started_at DESC
    LIMIT 1
) AS onset ON TRUE
LEFT JOIN LATERAL (
    SELECT c.recovery_strategy, c.confidence_score, c.evidence
    FROM debug_error_success_correlation AS c
    JOIN debug_success_events AS p ON p.id = c.success_event_id
    WHERE c.error_event_id = s.known_error AND p.run_id = ANY (%(head)s::uuid [])
    LIMIT 1
) AS recovered ON s.change = 'fixed'
LEFT JOIN LATERAL (
    SELECT TRUE AS before
    FROM debug_error_events AS f
    WHERE f.task_id = s.task_id AND f.recovery_strategy IN ('retry', 'rerun')
        AND f.resolved_at < (SELECT min(started_at) FROM sides WHERE is_head)
    LIMIT 1
) AS flaked ON s.head_flaked OR s.change IN ('new_failure', 'known_flake')
WHERE s.change <> 'same'
UNION ALL
SELECT
    'same', NULL, NULL, NULL, NULL, NULL, count(*), '{}', '{}', FALSE, FALSE, FALSE, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM scored
WHERE change = 'same'
ORDER BY file, node_id;
