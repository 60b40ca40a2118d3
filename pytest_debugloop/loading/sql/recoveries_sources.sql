-- Give the source of functions.

SELECT id::text, source FROM debug_code_pointers WHERE id = ANY (%(ids)s::uuid[]);
