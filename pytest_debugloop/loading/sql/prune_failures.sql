-- Delete the errors of the runs that go.

DELETE FROM debug_error_events AS e USING pruned AS p WHERE e.correlation_id = p.correlation_id;
