-- Give the name that a run's checkout has now, and those that it had before.
--
-- A folder's name gives way to the repository's. In an embedded record, which is one checkout's, so does any earlier name
-- of the repository, and what was recorded before checkouts were distinguished counts by its rootdir.

WITH own AS (
    SELECT checkout_id, rootdir FROM debug_runs
    WHERE id = %(run_id)s AND checkout_id IS NOT NULL AND project_source IN ('repository', 'folder')
),
now AS (
    SELECT r.project
    FROM own
    JOIN debug_runs AS r ON r.checkout_id = own.checkout_id AND r.project_source = 'repository'
    ORDER BY r.started_at DESC
    LIMIT 1
)
SELECT DISTINCT own.checkout_id, r.project AS alias, now.project
FROM own
CROSS JOIN now
JOIN debug_runs AS r ON r.project <> now.project AND (
    (r.checkout_id = own.checkout_id AND (
        r.project_source = 'folder' OR (%(is_embedded)s AND r.project_source = 'repository')
    ))
    OR (
        %(is_embedded)s AND r.checkout_id IS NULL AND r.rootdir = own.rootdir
        AND r.project = regexp_replace(r.rootdir, '^.*/', '')
    )
)
ORDER BY 2;
