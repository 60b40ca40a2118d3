-- List the functions that two versions of a project's code do not have alike; NULL for a side that has none.

WITH changed AS (
    SELECT coalesce(a.key, b.key) AS file, a.value AS before_hash, b.value AS after_hash
    FROM (SELECT f.key, f.value FROM debug_code_versions AS v, jsonb_each_text(v.files) AS f WHERE v.id = %(before)s) AS a
    FULL JOIN (
        SELECT f.key, f.value FROM debug_code_versions AS v, jsonb_each_text(v.files) AS f WHERE v.id = %(after)s
    ) AS b ON b.key = a.key
    WHERE a.value IS DISTINCT FROM b.value
),
units_before AS (
    -- A name that is defined several times, as overloads are, is one.
    SELECT c.file, p.function, string_agg(p.source, E'\n\n' ORDER BY unit.place) AS source
    FROM changed AS c
    JOIN debug_code_files AS f ON f.id = debug_snapshot_id(c.file, c.before_hash)
    CROSS JOIN LATERAL jsonb_array_elements(f.units) WITH ORDINALITY AS unit (value, place)
    JOIN debug_code_pointers AS p ON p.id = (unit.value ->> 0)::uuid
    GROUP BY c.file, p.function
),
units_after AS (
    -- A name that is defined several times, as overloads are, is one.
    SELECT c.file, p.function, string_agg(p.source, E'\n\n' ORDER BY unit.place) AS source
    FROM changed AS c
    JOIN debug_code_files AS f ON f.id = debug_snapshot_id(c.file, c.after_hash)
    CROSS JOIN LATERAL jsonb_array_elements(f.units) WITH ORDINALITY AS unit (value, place)
    JOIN debug_code_pointers AS p ON p.id = (unit.value ->> 0)::uuid
    GROUP BY c.file, p.function
)
SELECT
    coalesce(a.file, b.file) AS file, coalesce(a.function, b.function) AS function, a.source AS before,
    b.source AS after
FROM units_before AS a
FULL JOIN units_after AS b ON b.file = a.file AND b.function = a.function
WHERE a.source IS DISTINCT FROM b.source
UNION ALL
SELECT c.file, NULL, NULL, NULL
FROM changed AS c
WHERE NOT EXISTS (SELECT FROM units_before AS a WHERE a.file = c.file)
    AND NOT EXISTS (SELECT FROM units_after AS b WHERE b.file = c.file)
ORDER BY 1, 2 NULLS FIRST;
