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
