-- Number the new steps of each workflow behind those it has, in order of start. The caller holds the workflow's lock.

INSERT INTO staged_numbers
SELECT
    s.journal_no,
    s.n,
    (coalesce(last.step_number, 0) + row_number() OVER (
        PARTITION BY j.correlation_id ORDER BY s.started_at, s.journal_no, s.n
    ))::integer AS step_number
FROM staged_steps AS s
JOIN staged_journals AS j USING (journal_no)
LEFT JOIN (
    SELECT w.correlation_id, (
        SELECT max(step_number) FROM debug_workflow_steps WHERE correlation_id = w.correlation_id
    ) AS step_number
    FROM (SELECT DISTINCT correlation_id FROM staged_journals) AS w
) AS last USING (correlation_id)
WHERE s.step_number IS NULL
UNION ALL
SELECT journal_no, n, step_number FROM staged_steps WHERE step_number IS NOT NULL;

