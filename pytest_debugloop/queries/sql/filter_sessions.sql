-- Find sessions by the first or last digits of their ids.

SELECT DISTINCT session_id AS id
FROM debug_runs
WHERE session_id = %(named)s::uuid
    OR (
        %(digits)s <> ''
        AND (
            starts_with(replace(session_id::text, '-', ''), %(digits)s)
            OR right(replace(session_id::text, '-', ''), length(%(digits)s)) = %(digits)s
        )
    )
LIMIT 6;
