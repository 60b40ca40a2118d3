-- Give what is recorded of source files as a run loaded them: their hash, and a row for each of their functions.

SELECT
    wanted.file, v.files ->> wanted.file AS file_hash, p.function, (u.value ->> 1)::integer AS first,
    (u.value ->> 2)::integer AS last, p.source
FROM unnest(%(files)s::text[]) AS wanted (file)
JOIN debug_code_versions AS v ON v.id = %(code_version)s
LEFT JOIN debug_code_files AS f ON f.id = debug_snapshot_id(wanted.file, v.files ->> wanted.file)
LEFT JOIN LATERAL jsonb_array_elements(f.units) WITH ORDINALITY AS u (value, place) ON TRUE
LEFT JOIN debug_code_pointers AS p ON p.id = (u.value ->> 0)::uuid
WHERE v.files ? wanted.file
ORDER BY wanted.file, u.place;
