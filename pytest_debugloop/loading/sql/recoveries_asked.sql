-- Tell whether the run that is concluded can change anything about what failed and recovered, in it or in others. Most
-- cannot, and are spared the statements that find out what: this asks for more than these, never for less.

SELECT
    EXISTS (
        SELECT FROM debug_error_events WHERE correlation_id = %(correlation_id)s AND run_id = %(run_id)s
    )
    -- Commits of which nobody has looked yet what comes after them, or which this run tells of (recoveries_lines.sql).
    OR EXISTS (
        SELECT FROM debug_commit_parents AS c WHERE c.project = run.project AND NOT c.is_linked
    )
    OR run.git_commit IS NOT NULL AND length(run.change_id) <= 20 AND NOT EXISTS (
        SELECT FROM debug_commit_parents AS c
        WHERE c.project = run.project AND c.git_commit = 'change ' || run.change_id AND c.git_parent = run.git_commit
    )
    OR run.git_commit IS NOT NULL AND EXISTS (
        SELECT FROM debug_runs AS other
        WHERE other.project = run.project AND other.git_tree = run.git_tree AND other.git_commit <> run.git_commit
    )
    -- Recoveries of the project that were linked, and have no reason yet.
    OR EXISTS (
        SELECT FROM debug_error_success_correlation AS unexplained
        JOIN debug_tasks AS t ON t.id = unexplained.task_id
        WHERE t.project = run.project AND unexplained.evidence IS NULL AND unexplained.recovery_strategy = 'unknown'
    )
    -- Later runs that were loaded before this one.
    OR EXISTS (
        SELECT FROM debug_runs AS newer WHERE newer.project = run.project AND newer.started_at > run.started_at
    )
    -- Failures of its tests that had not recovered when these passed.
    OR EXISTS (
        SELECT FROM debug_success_events AS s
        JOIN debug_error_events AS e
            ON e.task_id = s.task_id
            AND coalesce(e.resolved_at, timestamptz 'infinity') >= s.occurred_at
            AND e.occurred_at < s.occurred_at
        WHERE s.correlation_id = %(correlation_id)s AND s.run_id = %(run_id)s AND s.task_id IS NOT NULL
    )
FROM debug_runs AS run WHERE run.id = %(run_id)s;
