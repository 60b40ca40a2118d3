-- Find where tests began to fail, each with the last pass before: in this run, and, where it is loaded late, in later runs
-- in which a test of it failed. What was known of these and is so no more goes.

-- The pass before is seldom far: it is found from the latest on, and not by sorting the history of each test.
SET LOCAL enable_bitmapscan TO off;

CREATE TEMP TABLE begun ON COMMIT DROP AS
WITH run AS (
    SELECT r.id, r.leg, r.started_at,
        EXISTS (SELECT FROM debug_runs AS n WHERE n.project = r.project AND n.started_at > r.started_at) AS is_late
    FROM debug_runs AS r WHERE r.id = %(run_id)s
),
failed AS (
    SELECT DISTINCT ON (e.task_id) e.id
    FROM debug_error_events AS e
    WHERE e.correlation_id = %(correlation_id)s AND e.run_id = %(run_id)s AND e.task_id IS NOT NULL
    ORDER BY e.task_id, e.occurred_at, e.id
),
failed_later AS (
    SELECT later.id
    FROM run
    CROSS JOIN LATERAL (
        SELECT task_id FROM debug_success_events
        WHERE run.is_late AND correlation_id = %(correlation_id)s AND run_id = run.id AND task_id IS NOT NULL
        UNION
        SELECT task_id FROM debug_error_events
        WHERE run.is_late AND correlation_id = %(correlation_id)s AND run_id = run.id AND task_id IS NOT NULL
    ) AS own
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (e.run_id) e.id
        FROM (
            SELECT e.id, e.run_id, e.occurred_at
            FROM debug_error_events AS e
            JOIN debug_runs AS r ON r.id = e.run_id
            WHERE e.task_id = own.task_id AND e.occurred_at > run.started_at AND e.run_id <> run.id AND r.leg = run.leg
            ORDER BY e.occurred_at, e.id
            LIMIT 50
        ) AS e
        ORDER BY e.run_id, e.occurred_at, e.id
    ) AS later
)
SELECT e.id, e.task_id, e.run_id, passed.id AS success_id, passed.run_id AS passed_run_id
FROM (SELECT id FROM failed UNION SELECT id FROM failed_later) AS found
JOIN debug_error_events AS e USING (id)
JOIN debug_runs AS failing ON failing.id = e.run_id
LEFT JOIN LATERAL (
    -- On its line; else, where that has just begun, on the branch that it is to be merged into; else in its leg.
    SELECT s.*
    FROM (VALUES (1), (2), (3)) AS choice (rank)
    CROSS JOIN LATERAL (
        SELECT s.id, s.run_id, s.occurred_at, choice.rank = 1 AS is_on_line
        FROM debug_success_events AS s
        JOIN debug_runs AS passing ON passing.id = s.run_id
        WHERE s.task_id = e.task_id AND s.occurred_at < e.occurred_at AND s.run_id <> e.run_id
            AND s.metadata ->> 'subtest' IS NULL
            AND passing.leg = failing.leg
            AND CASE choice.rank
                WHEN 1 THEN debug_line_of_test(passing) = debug_line_of_test(failing)
                WHEN 2 THEN passing.change_id IS NULL AND debug_is_base_branch(failing, passing.git_branch)
                ELSE TRUE
            END
            AND NOT EXISTS (
                SELECT FROM debug_error_events AS other
                WHERE other.task_id = s.task_id AND other.run_id = s.run_id AND other.agent_name = s.agent_name
                    AND (other.metadata ->> 'attempt')::integer = s.retry_count + 1
            )
        ORDER BY s.occurred_at DESC, s.id
        LIMIT 1
    ) AS s
    ORDER BY choice.rank
    LIMIT 1
) AS passed
    ON NOT EXISTS (
        -- It had begun to fail before.
        SELECT FROM debug_error_events AS earlier
        JOIN debug_runs AS r ON r.id = earlier.run_id
        WHERE earlier.task_id = e.task_id AND earlier.occurred_at < e.occurred_at AND earlier.run_id <> e.run_id
            AND (NOT passed.is_on_line OR earlier.occurred_at > passed.occurred_at)
            AND debug_line_of_test(r) = debug_line_of_test(failing)
    );

RESET enable_bitmapscan;

DELETE FROM debug_failure_onsets AS known USING begun AS b
WHERE known.task_id = b.task_id AND known.run_id = b.run_id AND known.passed_run_id IS DISTINCT FROM b.passed_run_id;
