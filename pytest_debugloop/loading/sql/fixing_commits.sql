-- Draw which commit fixed which error: the one at which it passed, if not for a change that was not committed there. Of
-- the errors in "touched" something new is known: it may be another commit than was thought, or none.

CREATE TEMP TABLE fixed ON COMMIT DROP AS
-- A program may have linked the error with other passes, too: the first counts.
SELECT DISTINCT ON (id)
    debug_snapshot_id(passing.project || ' ' || e.id || ' ' || passing.git_commit, 'error_fixed_by_commit') AS id,
    e.id AS error_id, coalesce(e.operation_name, e.error_type) AS name, passing.project, passing.git_commit,
    passing.id AS run_id, passing.started_at
FROM touched
JOIN debug_error_events AS e ON e.id = touched.id
JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id
JOIN debug_success_events AS s ON s.id = c.success_event_id
JOIN debug_runs AS failing ON failing.id = e.run_id
JOIN debug_runs AS passing ON passing.id = s.run_id
WHERE c.recovery_strategy = 'code_change' AND passing.git_commit <> failing.git_commit
    AND NOT EXISTS (
        SELECT FROM jsonb_path_query(c.evidence, '$.code[*].file') AS changed (file)
        WHERE passing.git_dirty ? (changed.file #>> '{}')
    )
ORDER BY id, passing.started_at, passing.id;

DELETE FROM debug_graph_edges AS e
WHERE e.kind = 'error_fixed_by_commit' AND e.source_id IN (SELECT id FROM touched)
    AND e.id NOT IN (SELECT id FROM fixed);

INSERT INTO debug_graph_edges AS known (
    id, project, kind, source_id, source_name, target_name, first_run_id, last_run_id, first_seen_at, last_seen_at
)
SELECT id, project, 'error_fixed_by_commit', error_id, name, git_commit, run_id, run_id, started_at, started_at
FROM fixed
ORDER BY id
-- A run that is loaded late may be the one in which it passed first.
ON CONFLICT (id) DO UPDATE SET
    first_run_id = excluded.first_run_id,
    last_run_id = excluded.last_run_id,
    first_seen_at = excluded.first_seen_at,
    last_seen_at = excluded.last_seen_at
WHERE known.first_run_id <> excluded.first_run_id;
