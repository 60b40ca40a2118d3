-- Give the lines that are no record of a kind that this version knows.

SELECT journal_no, line::text
FROM staged_lines
WHERE coalesce(line ->> 'kind', '') NOT IN ('run', 'step', 'error', 'snapshot', 'finish');
