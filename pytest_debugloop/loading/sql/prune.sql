-- The statements that delete old runs, in the order in which loading/prune.py runs them; each has its name there.

-- name: choose
-- Choose the runs that are to go: old enough, and not among the last of their branch. A workflow goes whole or stays.
--
-- A run that has not ended stays: its loader may be about to store the rest of it.

CREATE TEMP TABLE pruned_workflows (correlation_id UUID) ON COMMIT DROP;

CREATE TEMP TABLE pruned_runs ON COMMIT DROP AS
SELECT id, correlation_id, project, started_at
FROM (
    SELECT r.*, bool_and(is_old) OVER (PARTITION BY correlation_id) AS is_whole
    FROM (
        SELECT
            id, correlation_id, project, started_at,
            status <> 'running' AND pinned_at IS NULL
            AND (%(project)s::text IS NULL OR project = %(project)s)
            AND (%(branch)s::text IS NULL OR git_branch = %(branch)s)
            AND (%(before)s::timestamptz IS NULL OR started_at < %(before)s)
            AND (
                %(keep)s::bigint IS NULL
                OR row_number() OVER (PARTITION BY project, git_branch ORDER BY started_at DESC, id DESC) > %(keep)s
            )
            AND (%(only)s::uuid[] IS NULL OR id = ANY (%(only)s::uuid[])) AS is_old
        FROM debug_runs
    ) AS r
) AS run
WHERE is_whole;

-- name: expired
-- Choose what is older than it is to stay: runs, the oldest workflows first, and workflows that are of no run. A run
-- in which something failed, and both runs of a recovery, have ages of their own. What is pinned stays, and where a test
-- that fails began to, with the pass before, and where it failed last.

CREATE TEMP TABLE open_runs ON COMMIT DROP AS
WITH failures AS MATERIALIZED (
    SELECT e.task_id, e.run_id, e.occurred_at, debug_line_of_test(r) AS line
    FROM debug_error_events AS e
    JOIN debug_runs AS r ON r.id = e.run_id
    WHERE e.resolved_at IS NULL AND e.task_id IS NOT NULL
),
firsts AS (SELECT DISTINCT ON (task_id, line) task_id, run_id FROM failures ORDER BY task_id, line, occurred_at)
SELECT run_id AS id FROM firsts
UNION
SELECT * FROM (SELECT DISTINCT ON (task_id, line) run_id FROM failures ORDER BY task_id, line, occurred_at DESC) AS lasts
UNION
SELECT o.passed_run_id FROM debug_failure_onsets AS o JOIN firsts USING (task_id, run_id)
WHERE o.passed_run_id IS NOT NULL;

CREATE TEMP TABLE expired_runs ON COMMIT DROP AS
SELECT r.id, r.correlation_id, r.project, r.started_at
FROM debug_runs AS r
WHERE r.started_at < greatest(%(passes)s::timestamptz, %(failures)s::timestamptz)
    AND r.status <> 'running' AND r.pinned_at IS NULL
    AND (%(project)s::text IS NULL OR r.project = %(project)s)
    AND (%(branch)s::text IS NULL OR r.git_branch = %(branch)s)
    AND (%(only)s::uuid[] IS NULL OR r.id = ANY (%(only)s::uuid[]))
    AND NOT EXISTS (SELECT FROM open_runs AS o WHERE o.id = r.id)
    AND r.started_at < CASE
        WHEN EXISTS (
            SELECT FROM debug_error_events AS e
            WHERE e.correlation_id = r.correlation_id AND coalesce(e.run_id, r.id) = r.id
        )
            THEN %(failures)s::timestamptz
        ELSE %(passes)s::timestamptz
    END
    AND NOT EXISTS (
        SELECT FROM debug_error_success_correlation AS c
        WHERE c.correlation_id = r.correlation_id
            AND coalesce(c.correlated_at >= %(recoveries)s::timestamptz, TRUE)
    )
    AND NOT EXISTS (
        SELECT FROM debug_error_events AS e
        JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id
        WHERE e.correlation_id = r.correlation_id AND coalesce(c.correlated_at >= %(recoveries)s::timestamptz, TRUE)
    );

-- A workflow goes whole or stays, so workflows are counted: runs that stay with others must not take the places.
CREATE TEMP TABLE pruned_runs ON COMMIT DROP AS
SELECT e.*
FROM expired_runs AS e
JOIN (
    SELECT correlation_id
    FROM expired_runs
    GROUP BY correlation_id
    HAVING count(*) = (
        SELECT count(*) FROM debug_runs AS r WHERE r.correlation_id = expired_runs.correlation_id
    )
    ORDER BY min(started_at)
    LIMIT %(most)s::bigint
) AS whole USING (correlation_id);

CREATE TEMP TABLE pruned_workflows ON COMMIT DROP AS
SELECT w.correlation_id
FROM debug_workflows AS w
WHERE w.started_at < %(passes)s::timestamptz
    AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.correlation_id = w.correlation_id)
    AND NOT EXISTS (
        SELECT FROM debug_workflow_steps AS s
        WHERE s.correlation_id = w.correlation_id AND coalesce(s.completed_at, s.started_at) >= %(passes)s::timestamptz
    )
    AND NOT EXISTS (
        SELECT FROM debug_success_events AS s
        WHERE s.correlation_id = w.correlation_id AND s.occurred_at >= %(passes)s::timestamptz
    )
    AND NOT EXISTS (
        SELECT FROM debug_state_captures AS c
        WHERE c.correlation_id = w.correlation_id AND c.captured_at >= %(passes)s::timestamptz
    )
    AND NOT EXISTS (
        SELECT FROM debug_error_events AS e
        WHERE e.correlation_id = w.correlation_id AND coalesce(e.occurred_at >= %(failures)s::timestamptz, TRUE)
    )
    AND NOT EXISTS (
        SELECT FROM debug_error_success_correlation AS c
        WHERE c.correlation_id = w.correlation_id AND coalesce(c.correlated_at >= %(recoveries)s::timestamptz, TRUE)
    )
ORDER BY w.started_at
LIMIT %(most)s::bigint;

-- name: strays
-- Delete what is of no workflow that is known, and older than it is to stay; a host's tables are the host's.

DELETE FROM debug_rejected_lines AS l
WHERE l.rejected_at < %(failures)s::timestamptz
    AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.correlation_id = l.correlation_id);

DELETE FROM agent_transformation_events AS e
WHERE e.started_at < %(passes)s::timestamptz
    AND obj_description('agent_transformation_events'::regclass, 'pg_class') LIKE '%%Created by pytest-debugloop.'
    AND NOT EXISTS (SELECT FROM debug_workflows AS w WHERE w.correlation_id = e.correlation_id);

DELETE FROM hook_events AS e
WHERE e.created_at < %(passes)s::timestamptz
    AND obj_description('hook_events'::regclass, 'pg_class') LIKE '%%Created by pytest-debugloop.'
    AND NOT EXISTS (
        SELECT FROM debug_workflows AS w WHERE w.correlation_id::text = e.metadata ->> 'correlation_id'
    );

-- name: plan
-- Say what goes with the chosen runs, as far as it is counted already, and about how many bytes of the record that is.

SELECT
    count(*) AS runs,
    (SELECT count(*) FROM debug_runs) AS runs_in_all,
    (SELECT count(*) FROM debug_runs WHERE status = 'running') AS running,
    (SELECT count(*) FROM debug_runs WHERE pinned_at IS NOT NULL) AS pinned,
    (SELECT count(*) FROM pruned_workflows) AS workflows,
    coalesce(sum(r.steps_total), 0)::bigint AS steps,
    coalesce(sum(r.errors_total), 0)::bigint AS failures,
    coalesce(sum(r.successes_total), 0)::bigint AS successes,
    min(r.started_at) AS first_at,
    max(r.started_at) AS last_at,
    array_agg(r.id) AS ids
FROM pruned_runs AS p
JOIN debug_runs AS r USING (id);

-- name: lock
-- Keep every loader from writing until this transaction ends: it must not add to what goes, nor refer to it. Who reads
-- goes on. In the order in which a loader writes.

LOCK TABLE debug_runs, debug_code_versions, debug_code_pointers, debug_code_files, debug_commit_parents,
    debug_workflows, debug_tasks, debug_state_snapshots, debug_state_captures,
    debug_error_events, debug_success_events, debug_workflow_steps, debug_error_success_correlation, debug_failure_onsets,
    debug_rejected_lines
    IN SHARE ROW EXCLUSIVE MODE;

-- name: collect
-- Note what the runs that go refer to, and what they take from those that stay.

CREATE TEMP TABLE pruned ON COMMIT DROP AS
SELECT correlation_id FROM pruned_runs UNION SELECT correlation_id FROM pruned_workflows;
ALTER TABLE pruned ADD PRIMARY KEY (correlation_id);

CREATE TEMP TABLE pruned_snapshots ON COMMIT DROP AS
SELECT id FROM debug_state_snapshots JOIN pruned USING (correlation_id)
UNION
SELECT snapshot_id FROM debug_state_captures JOIN pruned USING (correlation_id)
UNION
SELECT state_snapshot_id FROM debug_error_events JOIN pruned USING (correlation_id) WHERE state_snapshot_id IS NOT NULL
UNION
SELECT state_snapshot_id FROM debug_success_events JOIN pruned USING (correlation_id)
WHERE state_snapshot_id IS NOT NULL
UNION
SELECT snapshot.id
FROM debug_workflow_steps AS s
JOIN pruned USING (correlation_id)
CROSS JOIN LATERAL (VALUES (s.pre_state_snapshot_id), (s.post_state_snapshot_id)) AS snapshot (id)
WHERE snapshot.id IS NOT NULL;

CREATE TEMP TABLE pruned_tasks ON COMMIT DROP AS
SELECT t.id
FROM (
    SELECT DISTINCT p.project, s.operation_name
    FROM debug_workflow_steps AS s
    JOIN pruned_runs AS p USING (correlation_id)
) AS s
JOIN debug_tasks AS t USING (project, operation_name)
UNION
SELECT task_id FROM debug_error_events JOIN pruned USING (correlation_id) WHERE task_id IS NOT NULL
UNION
SELECT task_id FROM debug_success_events JOIN pruned USING (correlation_id) WHERE task_id IS NOT NULL;

-- Successes that stay, and recovered something that goes.
CREATE TEMP TABLE pruned_links ON COMMIT DROP AS
SELECT c.id, c.success_event_id, c.correlation_id
FROM debug_error_success_correlation AS c
JOIN debug_error_events AS e ON e.id = c.error_event_id
WHERE e.correlation_id IN (SELECT correlation_id FROM pruned)
    OR c.correlation_id IN (SELECT correlation_id FROM pruned);

CREATE TEMP TABLE pruned_files (file TEXT, file_hash TEXT) ON COMMIT DROP;
CREATE TEMP TABLE pruned_units (id UUID) ON COMMIT DROP;

ANALYZE pruned_runs, pruned, pruned_snapshots, pruned_tasks, pruned_links;

-- name: recoveries
-- Delete the recoveries of which a side goes. An error whose success goes stays resolved, as it was: the test did pass.

DELETE FROM debug_error_success_correlation AS c USING pruned_links AS p WHERE c.id = p.id;

-- name: onsets
-- Delete what was different where tests of the runs that go began to fail.

DELETE FROM debug_failure_onsets AS o USING pruned_runs AS p WHERE o.run_id = p.id;

-- name: steps
-- Delete the steps of the runs that go.

DELETE FROM debug_workflow_steps AS s USING pruned AS p WHERE s.correlation_id = p.correlation_id;

-- name: failures
-- Delete the errors of the runs that go.

DELETE FROM debug_error_events AS e USING pruned AS p WHERE e.correlation_id = p.correlation_id;

-- name: traces
-- Delete what tests of the runs that go were seen to run.

DELETE FROM debug_test_traces AS t USING pruned AS p WHERE t.correlation_id = p.correlation_id;

-- name: successes
-- Delete the successes of the runs that go.

DELETE FROM debug_success_events AS s USING pruned AS p WHERE s.correlation_id = p.correlation_id;

-- name: captures
-- Delete the captures by the runs that go.

DELETE FROM debug_state_captures AS c USING pruned AS p WHERE c.correlation_id = p.correlation_id;

-- name: hosts
-- Delete the transformations and calls of the runs that go, from tables of ours: those of a host are the host's.

DELETE FROM agent_transformation_events AS e USING pruned AS p
WHERE e.correlation_id = p.correlation_id
    AND obj_description('agent_transformation_events'::regclass, 'pg_class') LIKE '%Created by pytest-debugloop.';

DELETE FROM hook_events AS e USING pruned AS p
WHERE e.metadata ->> 'correlation_id' = p.correlation_id::text AND e.source = 'PostToolUse'
    AND obj_description('hook_events'::regclass, 'pg_class') LIKE '%Created by pytest-debugloop.';

-- name: artifacts
-- Delete the artifacts of the runs that go, and the bytes that no other run has.

DELETE FROM debug_snapshot_artifacts AS a USING pruned AS p WHERE a.correlation_id = p.correlation_id;

DELETE FROM debug_artifacts AS a
WHERE NOT EXISTS (SELECT FROM debug_snapshot_artifacts AS s WHERE s.artifact_id = a.id);

-- name: states
-- Delete the snapshots that nothing refers to any more.

DELETE FROM debug_state_snapshots AS s
USING pruned_snapshots AS p
WHERE s.id = p.id
    AND NOT EXISTS (SELECT FROM debug_state_captures AS c WHERE c.snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_success_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_workflow_steps AS e WHERE e.pre_state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_workflow_steps AS e WHERE e.post_state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM agent_transformation_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM agent_transformation_events AS e WHERE e.id = s.transformation_event_id)
    AND NOT EXISTS (
        SELECT FROM debug_state_snapshots AS child
        WHERE child.parent_snapshot_id = s.id AND child.id NOT IN (SELECT id FROM pruned_snapshots)
    );

-- name: rejected
-- Delete the refused lines of the runs that go.

DELETE FROM debug_rejected_lines AS l USING pruned AS p WHERE l.correlation_id = p.correlation_id;

-- name: graph
-- Delete edges, fixtures and stamps that no run has had since the runs that go.

DELETE FROM debug_graph_edges AS e USING pruned_runs AS p WHERE e.last_run_id = p.id;

DELETE FROM debug_transform_functions AS f USING pruned_runs AS p WHERE f.last_run_id = p.id;

DELETE FROM debug_metadata_stamps AS s
WHERE NOT EXISTS (
    SELECT FROM debug_runs AS r
    WHERE r.metadata ->> (s.kind || '_stamp') = s.id::text AND r.id NOT IN (SELECT id FROM pruned_runs)
);

-- name: runs
-- Delete the runs themselves.

DELETE FROM debug_runs AS r USING pruned_runs AS p WHERE r.id = p.id;

-- name: workflows
-- Delete the workflows of the runs that go.

DELETE FROM debug_workflows AS w USING pruned AS p WHERE w.correlation_id = p.correlation_id;

-- name: retype
-- A success that recovers nothing that is recorded is a plain one, as the loader has it.

UPDATE debug_success_events AS s SET success_type = 'validation_pass'
FROM pruned_links AS p
WHERE s.id = p.success_event_id AND s.success_type = 'recovery_success'
    AND NOT EXISTS (SELECT FROM debug_error_success_correlation AS c WHERE c.success_event_id = s.id);

-- And a run has as many recoveries as are recorded.
UPDATE debug_runs AS run
SET recoveries_total = (
    SELECT count(*) FROM debug_error_success_correlation AS c
    WHERE c.correlation_id = run.correlation_id
        AND c.correlated_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
)
WHERE run.recoveries_total IS NOT NULL
    AND run.correlation_id IN (SELECT correlation_id FROM pruned_links)
    AND run.correlation_id NOT IN (SELECT correlation_id FROM pruned);

-- name: states_first
-- Tell the snapshots that stay which of the workflows that stay captured them first.

UPDATE debug_state_snapshots AS s
SET correlation_id = f.correlation_id, session_id = f.session_id, agent_name = f.agent_name,
    execution_step = f.execution_step, captured_at = f.at
FROM (
    SELECT DISTINCT ON (p.id) p.id, e.*
    FROM pruned_snapshots AS p
    CROSS JOIN LATERAL (
        SELECT correlation_id, session_id, agent_name, execution_step, captured_at AS at
        FROM debug_state_captures WHERE snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, execution_step, occurred_at
        FROM debug_error_events WHERE state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, execution_step, occurred_at
        FROM debug_success_events WHERE state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, step_number, started_at
        FROM debug_workflow_steps WHERE pre_state_snapshot_id = p.id
        UNION ALL
        SELECT correlation_id, session_id, agent_name, step_number, coalesce(completed_at, started_at)
        FROM debug_workflow_steps WHERE post_state_snapshot_id = p.id
    ) AS e
    ORDER BY p.id, e.at
) AS f
WHERE s.id = f.id AND s.correlation_id IN (SELECT correlation_id FROM pruned);

-- name: tasks_seen
-- Leave of the tests that may go those without an event; give how many.

DELETE FROM pruned_tasks AS p
WHERE EXISTS (SELECT FROM debug_success_events AS s WHERE s.task_id = p.id)
    OR EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = p.id);

SELECT count(*) FROM pruned_tasks;

-- name: tasks
-- Delete the tests that no run has any more, not even as skipped.

DELETE FROM debug_tasks AS t
USING pruned_tasks AS p
WHERE t.id = p.id
    AND NOT EXISTS (
        SELECT FROM debug_workflow_steps AS s
        JOIN debug_runs AS r USING (correlation_id)
        WHERE s.operation_name = t.operation_name AND r.project = t.project
    );

-- name: versions
-- Delete the versions of the code that no run has, where no run is on its way, whose version is not known yet.

WITH gone AS (
    DELETE FROM debug_code_versions AS v
    WHERE NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.code_version = v.id)
        AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.other_version = v.id)
        AND NOT EXISTS (
            SELECT FROM debug_runs WHERE status = 'running' AND started_at > now() - interval '7 days'
        )
    RETURNING v.files
)
INSERT INTO pruned_files
SELECT DISTINCT f.key, f.value FROM gone CROSS JOIN LATERAL jsonb_each_text(gone.files) AS f;

-- name: files
-- Delete the source files that are in no version of the code any more.

WITH kept AS MATERIALIZED (
    SELECT DISTINCT f.key AS file, f.value AS file_hash
    FROM debug_code_versions AS v
    CROSS JOIN LATERAL jsonb_each_text(v.files) AS f
    WHERE EXISTS (SELECT FROM pruned_files)
),
gone AS (
    DELETE FROM debug_code_files AS f
    USING pruned_files AS p
    WHERE f.id = debug_snapshot_id(p.file, p.file_hash)
        AND NOT EXISTS (SELECT FROM kept AS k WHERE k.file = p.file AND k.file_hash = p.file_hash)
    RETURNING f.units
)
INSERT INTO pruned_units
SELECT DISTINCT (u.value ->> 0)::uuid FROM gone CROSS JOIN LATERAL jsonb_array_elements(gone.units) AS u (value);

-- name: functions
-- Delete the functions that are in no source file any more.

DELETE FROM debug_code_pointers AS f
USING pruned_units AS p
WHERE f.id = p.id
    AND NOT EXISTS (
        SELECT FROM debug_code_files AS kept
        CROSS JOIN LATERAL jsonb_array_elements(kept.units) AS u (value)
        WHERE kept.file = f.file AND (u.value ->> 0)::uuid = f.id
    );

-- name: commits
-- Delete what is known of the commits of projects that no run is of any more.

DELETE FROM debug_commit_parents AS c
WHERE NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.project = c.project);

-- name: installations
-- Delete what was installed for runs that are gone, where no run is on its way, of which that is not known yet.

DELETE FROM debug_installations AS i
WHERE NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.installation = i.id)
    AND NOT EXISTS (SELECT FROM debug_runs WHERE status = 'running' AND started_at > now() - interval '7 days');

-- name: tables
-- Name the tables of the record.

SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r' AND c.relname LIKE 'debug\_%'
ORDER BY pg_table_size(c.oid) DESC;

-- name: size
-- Give the bytes of the record on the disk: its tables with their indexes.

SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
FROM pg_class AS c
WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind = 'r';
