-- Tell what the batch holds beside plain steps: which kinds of records, and what of them needs statements of its own.

SELECT
    ARRAY(SELECT DISTINCT coalesce(kind, '') FROM staged_records)
    || CASE WHEN bool_or(fixtures IS NOT NULL) THEN ARRAY['fixture'] ELSE '{}' END
    || CASE WHEN bool_or(rev > 1) THEN ARRAY['correction'] ELSE '{}' END
    || CASE
        WHEN EXISTS (
            SELECT FROM staged_journals AS j
            WHERE j.is_main AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.id = j.run_id)
        ) THEN ARRAY['new run'] ELSE '{}'
    END
FROM staged_steps;
