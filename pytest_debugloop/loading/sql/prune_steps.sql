-- Delete the steps of the runs that go.

DELETE FROM debug_workflow_steps AS s USING pruned AS p WHERE s.correlation_id = p.correlation_id;
