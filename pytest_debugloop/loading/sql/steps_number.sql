-- Number the new steps of each workflow behind those it has, in order of start. The caller holds the workflow's lock.

UPDATE staged_steps AS s SET step_number = numbered.step_number
FROM (
    SELECT
        n.journal_no,
        n.n,
        coalesce(last.step_number, 0) + row_number() OVER (
            PARTITION BY n.correlation_id ORDER BY n.started_at, n.journal_no, n.n
        ) AS step_number
    FROM staged_steps AS n
    LEFT JOIN (
        SELECT w.correlation_id, (
            SELECT max(step_number) FROM debug_workflow_steps WHERE correlation_id = w.correlation_id
        ) AS step_number
        FROM (SELECT DISTINCT correlation_id FROM staged_journals) AS w
    ) AS last USING (correlation_id)
    WHERE n.step_number IS NULL
) AS numbered
WHERE s.journal_no = numbered.journal_no AND s.n = numbered.n;
