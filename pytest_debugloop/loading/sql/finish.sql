-- Note how a run ended, where its main process said so.

UPDATE debug_runs AS run
SET finished_at = timestamptz 'epoch' + (l.line ->> 'at')::bigint * interval '1 microsecond',
    exit_status = (l.line ->> 'exit_status')::integer,
    status = CASE WHEN (l.line ->> 'interrupted')::boolean THEN 'interrupted' ELSE 'finished' END,
    metadata = nullif(coalesce(run.metadata, '{}') - 'problems' || CASE
        WHEN l.line -> 'problems' <> '[]' THEN jsonb_build_object('problems', l.line -> 'problems') ELSE '{}'
    END, '{}')
FROM (
    SELECT DISTINCT ON (j.run_id) j.run_id, r.line
    FROM staged_records AS r
    JOIN staged_journals AS j USING (journal_no)
    WHERE r.kind = 'finish' AND j.is_main
    ORDER BY j.run_id, (r.line ->> 'at')::bigint DESC
) AS l
WHERE run.id = l.run_id;
