-- Tell which source files are known as they are, and which environment variables they name.

SELECT f.file, f.file_hash, f.variables
FROM unnest(%s::text[], %s::text[]) AS wanted (file, file_hash)
JOIN debug_code_files AS f ON f.id = debug_snapshot_id(wanted.file, wanted.file_hash);
