-- Read the lines that are not of steps.

INSERT INTO staged_records
SELECT journal_no, ctid AS place, line::jsonb AS line
FROM staged_lines
WHERE NOT starts_with(line, '{"kind":"step",');
