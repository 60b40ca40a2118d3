-- Say of more columns when they are NULL, and what is in them
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

COMMENT ON COLUMN debug_code_versions.id IS
    'A hash of all that is in files';
COMMENT ON COLUMN debug_error_events.id IS
    'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_success_events.id IS
    'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_workflow_steps.id IS
    'Made by the recorder, so that loading a journal twice changes nothing';
COMMENT ON COLUMN debug_error_success_correlation.id IS
    'Made from error and success';
COMMENT ON COLUMN debug_tasks.id IS
    'Made from project and node_id: debug_task_id(project, node_id)';
COMMENT ON COLUMN debug_workflow_steps.input_data IS
    'What it was given: fixtures that the test asks for (of a setup in which one was set up), and '
    'parameters of the test (of its call: numbers, texts, and the types of all else; of a failure as in '
    'its state); of debugloop.step, its keywords; NULL where there is nothing';
COMMENT ON COLUMN debug_workflow_steps.output_data IS
    'What it came to: the captured output of a failure; of a teardown, the properties by record_property;'
    ' of debugloop.step, the values given to output(), and of record, the facts; NULL where there is '
    'nothing. What a test returns is not kept: pytest throws it away, and warns';
COMMENT ON COLUMN debug_success_events.success_type IS
    'validation_pass of a test or a subtest, recovery_success of one after a failure that it recovered, '
    'step_completion of a program''s step, task_completion of a run that ended with exit status 0';
COMMENT ON COLUMN debug_graph_edges.kind IS
    'test_uses_fixture, fixture_uses_fixture, test_ran_after_test (of a test that failed: the one before '
    'it in its process) or error_fixed_by_commit (of an error that a committed change of the code '
    'recovered: the commit at which its test passed again)';
COMMENT ON COLUMN debug_runs.git_commit IS
    'The commit that was checked out; NULL outside of a git checkout';
COMMENT ON COLUMN debug_runs.git_tree IS
    'The git tree of the commit: two commits of one tree have the same files; NULL outside of a git '
    'checkout';
COMMENT ON COLUMN debug_runs.git_dirty IS
    'Files that were not as the commit has them: path to hash, which is empty for one that was gone; NULL'
    ' where all were';
COMMENT ON COLUMN debug_runs.change_id IS
    'The number of the change (pull request, merge request) that it tested; NULL where it tested none';
COMMENT ON COLUMN debug_runs.target_branch IS
    'The branch that the change is to be merged into; NULL where it tested none';
COMMENT ON COLUMN debug_flaky_tests.flaky_since_run IS
    'The run in which a newly flaky test first failed: debug_runs.id; NULL for all others';
COMMENT ON COLUMN debug_scored_tests.flaky_since_run IS
    'The run in which a newly flaky test first failed: debug_runs.id; NULL for all others';
COMMENT ON COLUMN debug_run_summary.git_commit IS
    'The commit that was checked out; NULL outside of a git checkout';
COMMENT ON COLUMN debug_test_results.git_commit IS
    'The commit that was checked out; NULL outside of a git checkout';
COMMENT ON COLUMN debug_run_summary.change_id IS
    'The number of the change (pull request, merge request) that the run tested; NULL where it tested '
    'none';
COMMENT ON COLUMN debug_test_results.change_id IS
    'The number of the change (pull request, merge request) that the run tested; NULL where it tested '
    'none';
COMMENT ON COLUMN debug_run_summary.target_branch IS
    'The branch that the change is to be merged into; NULL where it tested none';

-- A table of the host stays as it is.
DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS name, hosts.new
        FROM (VALUES
            ('agent_transformation_events',
                'One agent becoming another, in the shape that ONEX has. Created by pytest-debugloop.',
                'One agent becoming another, in the shape that ONEX has. Its columns for routing, '
                || 'initialization, total_execution, quality_score, agent_definition_id and parent_event_id are for'
                || ' programs that have them. Created by pytest-debugloop.'),
            ('hook_events',
                'One event of a hook, in the shape that ONEX has. Created by pytest-debugloop.',
                'One event of a hook, in the shape that ONEX has. Its columns processed, processing_errors, '
                || 'retry_count and processed_at are for whoever processes events. Created by pytest-debugloop.')
        ) AS hosts (relname, old, new)
        JOIN pg_class AS c ON c.relname = hosts.relname AND c.relkind = 'r'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
        WHERE obj_description(c.oid, 'pg_class') = hosts.old
    LOOP
        EXECUTE format('COMMENT ON TABLE %s IS %L', item.name, item.new);
    END LOOP;
END
$$;
