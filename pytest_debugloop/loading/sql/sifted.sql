-- Give what was found, and why it cannot be stored.

SELECT l.journal_no, l.line, u.reason
FROM staged_lines AS l
JOIN staged_unfit AS u ON u.place = l.ctid
UNION ALL
SELECT l.journal_no, l.line, 'it is damaged: ' || (pg_input_error_info(l.line, 'jsonb')).message
FROM staged_lines AS l
WHERE NOT EXISTS (SELECT FROM staged_records AS r WHERE r.place = l.ctid)
    AND NOT EXISTS (SELECT FROM staged_unfit AS u WHERE u.place = l.ctid);
