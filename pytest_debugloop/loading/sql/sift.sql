-- Find the lines that a batch was refused for: those that are no JSON, and those of any kind, steps too, that have not
-- its shape.

INSERT INTO staged_records (journal_no, place, kind, line)
SELECT journal_no, place, line ->> 'kind', line
FROM (
    SELECT journal_no, ctid AS place, line::jsonb AS line
    FROM staged_lines
    WHERE pg_input_is_valid(line, 'jsonb')
    OFFSET 0
) AS read;
