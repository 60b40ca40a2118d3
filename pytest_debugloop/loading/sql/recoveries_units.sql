-- Give the functions of source files as they were.

SELECT
    f.file, f.file_hash, p.id::text, p.function, (u.value ->> 1)::integer AS first, (u.value ->> 2)::integer AS last,
    p.provides, p.uses
FROM unnest(%(files)s::text[], %(hashes)s::text[]) AS wanted (file, file_hash)
JOIN debug_code_files AS f ON f.id = debug_snapshot_id(wanted.file, wanted.file_hash)
CROSS JOIN LATERAL jsonb_array_elements(f.units) WITH ORDINALITY AS u (value, place)
JOIN debug_code_pointers AS p ON p.id = (u.value ->> 0)::uuid
ORDER BY f.file, f.file_hash, u.place;
