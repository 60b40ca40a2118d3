-- Find the lines that a batch was refused for: those that are no JSON, and those of any kind, steps too, that have not
-- its shape.

INSERT INTO staged_records
SELECT journal_no, ctid AS place, line::jsonb AS line
FROM staged_lines
WHERE pg_input_is_valid(line, 'jsonb');
