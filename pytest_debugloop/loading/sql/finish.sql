-- Note how a run ended, where its main process said so.

UPDATE debug_runs AS run
SET finished_at = timestamptz 'epoch' + (l.line ->> 'at')::bigint * interval '1 microsecond',
    exit_status = (l.line ->> 'exit_status')::integer,
    status = CASE WHEN (l.line ->> 'interrupted')::boolean THEN 'interrupted' ELSE 'finished' END,
    metadata = CASE
        WHEN jsonb_array_length(l.line -> 'problems') > 0 THEN jsonb_build_object('problems', l.line -> 'problems')
    END
FROM staged_records AS l
JOIN staged_journals AS j USING (journal_no)
WHERE l.line ->> 'kind' = 'finish' AND j.is_main AND run.id = j.run_id;
