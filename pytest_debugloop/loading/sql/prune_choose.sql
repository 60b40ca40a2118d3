-- Choose the runs that are to go: old enough, and not among the last of their branch. A workflow goes whole or stays.
--
-- A run that has not ended stays: its loader may be about to store the rest of it.

CREATE TEMP TABLE pruned_runs ON COMMIT DROP AS
SELECT id, correlation_id, project, started_at
FROM (
    SELECT r.*, bool_and(is_old) OVER (PARTITION BY correlation_id) AS is_whole
    FROM (
        SELECT
            id, correlation_id, project, started_at,
            status <> 'running'
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
