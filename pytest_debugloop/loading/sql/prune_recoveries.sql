-- Delete the recoveries of which a side goes. An error whose success goes stays resolved, as it was: the test did pass.

DELETE FROM debug_error_success_correlation AS c USING pruned_links AS p WHERE c.id = p.id;
