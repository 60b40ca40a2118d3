-- Give the functions and distributions whose change errors recovered by, the most frequent first.

SELECT kind, file, name, errors_recovered, last_at
FROM debug_fix_causes
ORDER BY errors_recovered DESC, last_at DESC, name
LIMIT %(limit)s;
