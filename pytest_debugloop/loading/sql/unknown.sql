-- Give the lines that cannot be stored, and why.

SELECT l.journal_no, l.line, u.reason
FROM staged_unfit AS u
JOIN staged_lines AS l ON l.ctid = u.place
UNION ALL
SELECT journal_no, line, 'it is damaged: no line of JSON'
FROM staged_lines
WHERE starts_with(line, '{"kind":"step","rev":0,"n":') AND line IS NOT JSON OBJECT;  -- it may not have been needed
