-- Delete the successes of the runs that go.

DELETE FROM debug_success_events AS s USING pruned AS p WHERE s.correlation_id = p.correlation_id;
