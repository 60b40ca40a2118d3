-- Add a run whose main process's journal has no header that can be stored: what is loaded of it is to be of a run.

INSERT INTO debug_runs (id, correlation_id, session_id, project, agent_name, started_at)
SELECT DISTINCT ON (j.run_id)
    j.run_id, j.correlation_id, j.session_id, j.project, j.agent_name,
    coalesce(
        least(
            (SELECT min(s.started_at) FROM staged_steps AS s WHERE s.journal_no = j.journal_no),
            l.failed_at
        ),
        l.finished_at
    ) AS started_at
FROM staged_journals AS j
LEFT JOIN (
    SELECT
        journal_no,
        timestamptz 'epoch' + min(at) FILTER (WHERE kind = 'finish') * interval '1 microsecond' AS finished_at,
        timestamptz 'epoch' + min(at) FILTER (WHERE kind = 'error') * interval '1 microsecond' AS failed_at
    FROM (
        SELECT journal_no, kind, (line ->> 'at')::bigint AS at FROM staged_records WHERE kind IN ('finish', 'error')
    ) AS told
    GROUP BY journal_no
) AS l USING (journal_no)
WHERE j.is_main
    AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.id = j.run_id)
    AND (
        l.finished_at IS NOT NULL
        OR EXISTS (SELECT FROM staged_steps AS s WHERE s.journal_no = j.journal_no)
        OR l.failed_at IS NOT NULL
    )
ON CONFLICT (id) DO NOTHING;
