-- Read the lines that are not of steps, and take the states out of them.

INSERT INTO staged_records (journal_no, place, kind, line, state)
SELECT
    journal_no,
    place,
    kind,
    CASE WHEN has_state THEN line - 'state' ELSE line END,
    CASE WHEN has_state THEN line -> 'state' END
FROM (
    SELECT *, kind = 'snapshot' AND jsonb_typeof(line -> 'state') = 'object' AS has_state
    FROM (
        SELECT *, line ->> 'kind' AS kind
        FROM (
            SELECT journal_no, ctid AS place, line::jsonb AS line
            FROM staged_lines
            WHERE NOT starts_with(line, '{"kind":"step",')
            OFFSET 0  -- to read each once
        ) AS read
        OFFSET 0
    ) AS read
    OFFSET 0
) AS read;
