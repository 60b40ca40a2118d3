-- Note what runs are run on, each distinct content once: the distributions, the hardware, the CI run.

WITH staged_stamps AS MATERIALIZED (
    SELECT
        j.run_id, told.kind, told.content, debug_snapshot_id(debug_state_hash(told.content), 'stamp ' || told.kind) AS id,
        j.started
    FROM (
        SELECT
            journals.run_id, r.line,
            CASE WHEN r.kind = 'run' THEN (r.line ->> 'started')::bigint END AS started
        FROM staged_records AS r
        JOIN staged_journals AS journals USING (journal_no)
        WHERE r.kind = 'survey' OR r.kind = 'run' AND journals.is_main
    ) AS j
    CROSS JOIN LATERAL (
        VALUES
        ('distributions', j.line -> 'distributions'),
        ('hardware', j.line -> 'facts' -> 'hardware'),
        ('ci', j.line -> 'facts' -> 'ci')
    ) AS told (kind, content)
    WHERE jsonb_typeof(told.content) = 'object' AND told.content <> '{}'
),
added AS (
    INSERT INTO debug_metadata_stamps AS known (id, kind, content, first_seen_at)
    SELECT DISTINCT ON (s.id) s.id, s.kind, s.content, run.began
    FROM staged_stamps AS s
    LEFT JOIN debug_runs AS r ON r.id = s.run_id
    CROSS JOIN LATERAL (
        VALUES (coalesce(timestamptz 'epoch' + s.started * interval '1 microsecond', r.started_at, now()))
    ) AS run (began)
    -- Most are known, and no loader waits for another then.
    WHERE NOT EXISTS (SELECT FROM debug_metadata_stamps AS k WHERE k.id = s.id AND k.first_seen_at <= run.began)
    ORDER BY s.id, run.began
    -- A run that is loaded late may be the first.
    ON CONFLICT (id) DO UPDATE SET first_seen_at = excluded.first_seen_at
    WHERE excluded.first_seen_at < known.first_seen_at
)
UPDATE debug_runs AS run SET metadata = coalesce(run.metadata, '{}') || told.stamps
FROM (
    SELECT run_id, jsonb_object_agg(kind || '_stamp', id) AS stamps FROM staged_stamps GROUP BY run_id
) AS told
WHERE run.id = told.run_id AND NOT coalesce(run.metadata, '{}') @> told.stamps;
