-- Give the states in which source files were loaded, by file.

SELECT file, array_agg(file_hash)
FROM debug_code_files
WHERE file = ANY (%(files)s)
GROUP BY file;
