-- Undo 033_debug_reasons
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.

DO $$
DECLARE
    item RECORD;
BEGIN
    FOR item IN
        SELECT c.oid::regclass AS name, was.attname, was.comment
        FROM (VALUES
            ('debug_code_versions', 'id',
                NULL),
            ('debug_error_events', 'id',
                NULL),
            ('debug_success_events', 'id',
                NULL),
            ('debug_workflow_steps', 'id',
                NULL),
            ('debug_error_success_correlation', 'id',
                NULL),
            ('debug_tasks', 'id',
                NULL),
            ('debug_workflow_steps', 'input_data',
                'What it was given: fixtures that the test asks for (of a setup in which one was set up), and '
                'parameters (of a failure); of debugloop.step, its keywords; NULL where there is nothing'),
            ('debug_workflow_steps', 'output_data',
                'What it came to: the captured output of a failure; of a teardown, the properties by record_property;'
                ' of debugloop.step, the values given to output(), and of record, the facts; NULL where there is '
                'nothing'),
            ('debug_success_events', 'success_type',
                'validation_pass of a test or a subtest, step_completion of a program''s step, task_completion of a '
                'run that ended with exit status 0'),
            ('debug_graph_edges', 'kind',
                'test_uses_fixture, fixture_uses_fixture, test_ran_after_test (of a test that failed: the one before '
                'it in its process) or error_fixed_by_commit (of an error that a change of the code recovered)'),
            ('debug_runs', 'git_commit',
                'The commit that was checked out'),
            ('debug_runs', 'git_tree',
                'The git tree of the commit: two commits of one tree have the same files'),
            ('debug_runs', 'git_dirty',
                'Files that were not as the commit has them: path to hash, which is empty for one that was gone'),
            ('debug_runs', 'change_id',
                'The number of the change (pull request, merge request) that it tested'),
            ('debug_runs', 'target_branch',
                'The branch that the change is to be merged into'),
            ('debug_flaky_tests', 'flaky_since_run',
                'The run in which a newly flaky test first failed: debug_runs.id'),
            ('debug_scored_tests', 'flaky_since_run',
                'The run in which a newly flaky test first failed: debug_runs.id'),
            ('debug_run_summary', 'git_commit',
                'The commit that was checked out'),
            ('debug_test_results', 'git_commit',
                'The commit that was checked out'),
            ('debug_run_summary', 'change_id',
                'The number of the change (pull request, merge request) that the run tested'),
            ('debug_test_results', 'change_id',
                'The number of the change (pull request, merge request) that the run tested'),
            ('debug_run_summary', 'target_branch',
                'The branch that the change is to be merged into')
        ) AS was (relname, attname, comment)
        JOIN pg_class AS c ON c.relname = was.relname AND c.relkind IN ('r', 'v')
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = was.attname AND NOT a.attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', item.name, item.attname, item.comment);
    END LOOP;
    FOR item IN
        SELECT c.oid::regclass AS name, hosts.new
        FROM (VALUES
            ('agent_transformation_events',
                'One agent becoming another, in the shape that ONEX has. Its columns for routing, '
                || 'initialization, total_execution, quality_score, agent_definition_id and parent_event_id are for'
                || ' programs that have them. Created by pytest-debugloop.',
                'One agent becoming another, in the shape that ONEX has. Created by pytest-debugloop.'),
            ('hook_events',
                'One event of a hook, in the shape that ONEX has. Its columns processed, processing_errors, '
                || 'retry_count and processed_at are for whoever processes events. Created by pytest-debugloop.',
                'One event of a hook, in the shape that ONEX has. Created by pytest-debugloop.')
        ) AS hosts (relname, old, new)
        JOIN pg_class AS c ON c.relname = hosts.relname AND c.relkind = 'r'
            AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
        WHERE obj_description(c.oid, 'pg_class') = hosts.old
    LOOP
        EXECUTE format('COMMENT ON TABLE %s IS %L', item.name, item.new);
    END LOOP;
END
$$;
