-- Delete the functions that are in no source file any more.

DELETE FROM debug_code_pointers AS f
USING pruned_units AS p
WHERE f.id = p.id
    AND NOT EXISTS (
        SELECT FROM debug_code_files AS kept
        CROSS JOIN LATERAL jsonb_array_elements(kept.units) AS u (value)
        WHERE kept.file = f.file AND (u.value ->> 0)::uuid = f.id
    );
