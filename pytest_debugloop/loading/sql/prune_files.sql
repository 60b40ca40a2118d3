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
