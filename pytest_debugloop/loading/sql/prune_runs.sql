-- Delete the runs themselves.

DELETE FROM debug_runs AS r USING pruned_runs AS p WHERE r.id = p.id;
