-- Find functions of a run's code by the last part of their names. Code of very many files is not searched: it would take
-- seconds.

SELECT named.file, p.function, (u.value ->> 1)::integer AS line, p.source
FROM debug_runs AS r
JOIN debug_code_versions AS v ON v.id = r.code_version
CROSS JOIN LATERAL jsonb_each_text(v.files) AS named (file, hash)
JOIN debug_code_files AS f ON f.id = debug_snapshot_id(named.file, named.hash)
CROSS JOIN LATERAL jsonb_array_elements(f.units) AS u (value)
JOIN debug_code_pointers AS p ON p.id = (u.value ->> 0)::uuid
WHERE r.id = %(run_id)s
    AND (SELECT count(*) FROM jsonb_object_keys(v.files)) <= %(most_files)s
    AND substring(p.function FROM '[^.]+$') = ANY (%(names)s)
ORDER BY named.file, (u.value ->> 1)::integer
LIMIT %(limit)s;
