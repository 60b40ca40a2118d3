-- Give the lines that are no record of a kind that this version knows, and why.

SELECT
    journal_no,
    line,
    CASE WHEN starts_with(line, '{"kind":"step",') THEN 'it is damaged: no line of JSON'
        ELSE 'this version of pytest-debugloop knows no record of its kind' END AS reason
FROM staged_lines
WHERE CASE
    WHEN starts_with(line, '{"kind":"step","rev":0,"n":') THEN line IS NOT JSON OBJECT  -- it may not have been needed
    WHEN starts_with(line, '{"kind":"step",') THEN FALSE
    ELSE coalesce(line::jsonb ->> 'kind', '') NOT IN (
        'run', 'error', 'snapshot', 'finish', 'loaded', 'code_file', 'survey'
    )
END;
