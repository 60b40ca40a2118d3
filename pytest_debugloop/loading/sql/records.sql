-- Read the lines that are not of steps.

CREATE TEMP TABLE staged_records ON COMMIT DROP AS
SELECT journal_no, ctid AS place, line::jsonb AS line
FROM staged_lines
WHERE NOT starts_with(line, '{"kind":"step",');
