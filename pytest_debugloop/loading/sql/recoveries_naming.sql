-- Give the functions of source files in whose source something stands.

SELECT
    p.id::text, f.file, p.function, (u.value ->> 1)::integer AS first, (u.value ->> 2)::integer AS last,
    p.provides, p.uses, p.source
FROM unnest(%(files)s::text[], %(hashes)s::text[]) WITH ORDINALITY AS wanted (file, file_hash, place)
JOIN debug_code_files AS f ON f.id = debug_snapshot_id(wanted.file, wanted.file_hash)
CROSS JOIN LATERAL jsonb_array_elements(f.units) AS u (value)
JOIN debug_code_pointers AS p ON p.id = (u.value ->> 0)::uuid
WHERE p.source ~* %(words)s
ORDER BY wanted.place, first
LIMIT 500;
