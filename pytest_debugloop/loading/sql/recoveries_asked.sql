-- Tell in which ways the run that is concluded may change what is known of failures and recoveries, its own and those of
-- other runs. Most runs change nothing, and are spared the statements that find out what: this asks for more than these
-- do, never for less.

SELECT array_remove(ARRAY[
    -- Its own failures, and those of its tests that had not recovered when these passed.
    CASE WHEN EXISTS (
        SELECT FROM debug_error_events WHERE correlation_id = %(correlation_id)s AND run_id = run.id
    ) OR EXISTS (
        SELECT FROM debug_success_events AS s
        JOIN debug_error_events AS e
            ON e.task_id = s.task_id
            AND coalesce(e.resolved_at, timestamptz 'infinity') >= s.occurred_at
            AND e.occurred_at < s.occurred_at
        WHERE s.correlation_id = %(correlation_id)s AND s.run_id = run.id AND s.task_id IS NOT NULL
    ) THEN 'failure' END,
    -- Commits of which nobody has looked yet what comes after them, or which this run tells of.
    CASE WHEN EXISTS (
        SELECT FROM debug_commit_parents AS c WHERE c.project = run.project AND NOT c.is_linked
    ) OR run.git_commit IS NOT NULL AND length(run.change_id) <= 20 AND NOT EXISTS (
        SELECT FROM debug_commit_parents AS c
        WHERE c.project = run.project AND c.git_commit = 'change ' || run.change_id AND c.git_parent = run.git_commit
    ) OR run.git_commit IS NOT NULL AND EXISTS (
        SELECT FROM debug_runs AS other
        WHERE other.project = run.project AND other.git_tree = run.git_tree AND other.git_commit <> run.git_commit
    ) THEN 'commit' END,
    -- Recoveries of the project that were linked, and have no reason yet.
    CASE WHEN EXISTS (
        SELECT FROM debug_error_success_correlation AS c
        JOIN debug_tasks AS t ON t.id = c.task_id
        WHERE t.project = run.project AND c.evidence IS NULL AND c.recovery_strategy = 'unknown'
    ) THEN 'unexplained' END,
    -- Runs that began later, and were loaded before this one.
    CASE WHEN EXISTS (
        SELECT FROM debug_runs AS newer WHERE newer.project = run.project AND newer.started_at > run.started_at
    ) THEN 'newer' END
], NULL)
FROM debug_runs AS run WHERE run.id = %(run_id)s;
