-- Add a view of results and one of runs, and say what every column of every view means
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- ====================================================================================================================
-- What a test came to in a run
-- ====================================================================================================================

-- Run by run: a condition on the runs, by run_id or run_started_at, spares the steps of all others.
CREATE OR REPLACE VIEW debug_test_results AS
SELECT
    r.id AS run_id,
    t.id AS task_id,
    r.project,
    coalesce(t.node_id, a.operation_name)::text AS node_id,
    coalesce(t.file, split_part(a.operation_name, '::', 1)) AS file,
    t.name,
    t.parameters,
    r.started_at AS run_started_at,
    a.started_at,
    a.outcome,
    a.reason,
    a.attempts,
    a.failed_attempts,
    a.duration_seconds,
    e.id AS error_event_id,
    e.error_type,
    e.error_code,
    e.metadata ->> 'fingerprint' AS fingerprint,
    e.cause_fingerprint,
    e.error_message,
    r.git_branch,
    r.git_commit,
    r.change_id,
    r.ci ->> 'cicd.pipeline.task.name' AS job,
    r.leg,
    r.session_id
FROM debug_runs AS r
CROSS JOIN LATERAL (
    -- With xdist's --dist=each several workers run the same test: the worst of what it came to counts.
    SELECT
        operation_name,
        min(started_at) AS started_at,
        (array_agg(outcome ORDER BY rank, agent_name))[1] AS outcome,
        (array_agg(reason ORDER BY rank, agent_name))[1] AS reason,
        max(attempts) AS attempts,
        max(failed_attempts) AS failed_attempts,
        (array_agg(seconds ORDER BY rank, agent_name))[1] AS duration_seconds,
        (array_agg(error_event_id ORDER BY rank, agent_name))[1] AS error_event_id
    FROM (
        SELECT
            operation_name,
            agent_name,
            min(started_at) AS started_at,
            (array_agg(outcome ORDER BY attempt DESC))[1] AS outcome,
            CASE WHEN (array_agg(outcome ORDER BY attempt DESC))[1] IN ('failed', 'error', 'died') THEN 0
                WHEN count(*) FILTER (WHERE outcome IN ('failed', 'error', 'died')) > 0 THEN 1 ELSE 2 END AS rank,
            (array_agg(reason ORDER BY attempt DESC))[1] AS reason,
            count(*) AS attempts,
            count(*) FILTER (WHERE outcome IN ('failed', 'error', 'died')) AS failed_attempts,
            (array_agg(seconds ORDER BY attempt DESC))[1] AS seconds,
            (array_agg(error_event_id ORDER BY attempt DESC) FILTER (WHERE error_event_id IS NOT NULL))[1]
                AS error_event_id
        FROM (
            -- As export_attempts.sql has it.
            SELECT
                operation_name,
                agent_name,
                attempt,
                min(started_at) AS started_at,
                CASE
                    WHEN bool_or(outcome = 'failed' AND step_type IN ('call', 'subtest')) THEN 'failed'
                    WHEN bool_or(outcome = 'failed') THEN 'error'
                    WHEN bool_or(outcome = 'started') THEN 'died'
                    ELSE coalesce(
                        max(outcome) FILTER (WHERE step_type = 'setup' AND outcome <> 'passed'),
                        max(outcome) FILTER (WHERE step_type = 'call'),
                        max(outcome) FILTER (WHERE step_type = 'collect' AND outcome <> 'passed'),
                        'passed'
                    )
                END AS outcome,
                min(reason) FILTER (WHERE step_type <> 'subtest') AS reason,
                sum(seconds) FILTER (WHERE step_type <> 'subtest') AS seconds,
                (array_agg(error_event_id ORDER BY step_number) FILTER (WHERE error_event_id IS NOT NULL))[1]
                    AS error_event_id
            FROM (
                SELECT
                    s.operation_name, s.agent_name, s.step_type, s.step_number, s.started_at,
                    coalesce(substring(s.metadata ->> 'attempt' FROM '^\d{1,9}$')::integer, 1) AS attempt,
                    CASE
                        WHEN s.status IN ('started', 'failed') THEN s.status
                        ELSE coalesce(s.metadata ->> 'outcome', 'passed')
                    END AS outcome,
                    s.metadata ->> 'reason' AS reason,
                    date_part('epoch', s.completed_at - s.started_at) AS seconds,
                    s.error_event_id
                FROM debug_workflow_steps AS s
                WHERE s.correlation_id = r.correlation_id
                    AND s.started_at BETWEEN r.started_at AND coalesce(r.finished_at, 'infinity')
                    AND s.step_type IN ('setup', 'call', 'teardown', 'subtest', 'collect')
                    AND (s.step_type <> 'collect' OR s.status <> 'completed')
            ) AS phase
            GROUP BY operation_name, agent_name, attempt
        ) AS tried
        GROUP BY operation_name, agent_name
    ) AS worker
    GROUP BY operation_name
) AS a
LEFT JOIN debug_tasks AS t ON t.project = r.project AND t.operation_name = a.operation_name
LEFT JOIN debug_error_events AS e ON e.id = a.error_event_id;

-- The latest runs are found without counting the others.
CREATE INDEX IF NOT EXISTS idx_debug_runs_started ON debug_runs (started_at);

CREATE OR REPLACE VIEW debug_run_summary AS
SELECT
    r.id AS run_id,
    r.project,
    r.started_at,
    r.finished_at,
    date_part('epoch', r.finished_at - r.started_at) AS duration_seconds,
    r.status,
    r.exit_status,
    t.tests,
    t.passed,
    t.failed,
    t.errors,
    t.died,
    t.skipped,
    t.xfailed,
    t.xpassed,
    t.flaked,
    t.causes,
    r.git_branch,
    r.git_commit,
    r.change_id,
    r.target_branch,
    r.ci ->> 'cicd.pipeline.task.name' AS job,
    r.ci ->> 'cicd.pipeline.run.url.full' AS job_url,
    r.leg,
    r.session_id,
    r.correlation_id,
    r.python_version,
    r.pytest_version
FROM debug_runs AS r
CROSS JOIN LATERAL (
    SELECT
        count(*) AS tests,
        count(*) FILTER (WHERE x.outcome = 'passed') AS passed,
        count(*) FILTER (WHERE x.outcome = 'failed') AS failed,
        count(*) FILTER (WHERE x.outcome = 'error') AS errors,
        count(*) FILTER (WHERE x.outcome = 'died') AS died,
        count(*) FILTER (WHERE x.outcome = 'skipped') AS skipped,
        count(*) FILTER (WHERE x.outcome = 'xfailed') AS xfailed,
        count(*) FILTER (WHERE x.outcome = 'xpassed') AS xpassed,
        count(*) FILTER (WHERE x.failed_attempts > 0 AND x.outcome NOT IN ('failed', 'error', 'died')) AS flaked,
        count(DISTINCT x.cause_fingerprint) FILTER (WHERE x.outcome IN ('failed', 'error', 'died')) AS causes
    FROM debug_test_results AS x
    WHERE x.run_id = r.id
) AS t;

COMMENT ON VIEW debug_test_results IS
    'Start here: what each test came to in each run, one row a test and run, with what the run was of. Files that'
    ' could not be collected are rows too. Ask for a run by run_id, or for those of some days by run_started_at:'
    ' the whole view reads all steps';
COMMENT ON VIEW debug_run_summary IS
    'Start here: one row a run, with how many of its tests came to what. Ask for a few runs: each is counted when'
    ' it is asked for';

-- ====================================================================================================================
-- Which of the views to use when
-- ====================================================================================================================

COMMENT ON VIEW debug_test_attempts IS
    'Each time that a test was run to its end: when, where, and whether it failed. Without skipped tests;'
    ' debug_test_results has one row a test and run, and skips';
COMMENT ON VIEW debug_test_versions IS
    'The attempts of each test on the same code, interpreter, platform and distributions, counted; without'
    ' incidents. For what follows each other in time, debug_test_stretches';
COMMENT ON VIEW debug_test_stretches IS
    'The attempts of each test in a row on one line that all passed or all failed; without incidents. What the'
    ' scores are made from; for the attempts one by one, debug_test_attempts';
COMMENT ON VIEW debug_scored_tests IS
    'The scores of the tests that have failed, as in debug_flaky_tests, which has those that never failed too.'
    ' This one is faster';
COMMENT ON VIEW debug_flaky_tests IS
    'How much each test fails on code that is good, how sure that is, and whether it is stable, flaky, broken or'
    ' fixed. Where only tests that failed are of interest, debug_scored_tests is faster; for one leg,'
    ' debug_test_legs';
COMMENT ON VIEW debug_test_legs IS
    'How each test does in each leg: broken by what it came to last there, flaky on good code, or stable. For all'
    ' legs together, debug_flaky_tests';
COMMENT ON VIEW debug_first_recoveries IS
    'Recoveries, each error once: the first of those in debug_error_success_correlation, which has all. To count'
    ' errors, use this one';
COMMENT ON VIEW debug_recovery_patterns IS
    'What made errors of each type recover, each error counted once. Kept for those who use it:'
    ' debug_strategy_recoveries tells the median too';
COMMENT ON VIEW debug_strategy_recoveries IS
    'What made errors of each type recover, each error counted once: how often, how long it took, how sure it is.'
    ' For failures of one kind, debug_failure_recoveries';
COMMENT ON VIEW debug_failure_recoveries IS
    'How failures of each kind recover, each error counted once: how long it takes, how sure it is, what did it.'
    ' For strategies by the type of the error, debug_strategy_recoveries';
COMMENT ON VIEW debug_failure_causes IS
    'The failures of each run by their cause: how many, of how many tests, an example whole and the others by'
    ' name. For the tests one by one, debug_test_results';

-- ====================================================================================================================
-- What the columns of the views mean
-- ====================================================================================================================

COMMENT ON COLUMN debug_test_results.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_test_results.task_id IS 'The test: debug_tasks.id; NULL for a file that could not be collected';
COMMENT ON COLUMN debug_test_results.project IS 'The project whose test it is: debug_runs.project';
COMMENT ON COLUMN debug_test_results.node_id IS 'The whole node id; the file, where it could not be collected';
COMMENT ON COLUMN debug_test_results.file IS 'The file it is in, from the root directory';
COMMENT ON COLUMN debug_test_results.name IS 'Its name, with its class and without its parameters';
COMMENT ON COLUMN debug_test_results.parameters IS 'The id of its parameters, what stands between the brackets';
COMMENT ON COLUMN debug_test_results.run_started_at IS 'When the run started; ask by this for the runs of some time';
COMMENT ON COLUMN debug_test_results.started_at IS 'When its first attempt began';
COMMENT ON COLUMN debug_test_results.outcome IS
    'What its last attempt came to: passed, failed, error (in set-up, tear-down or collection), skipped, xfailed,'
    ' xpassed, or died (the process ended in it)';
COMMENT ON COLUMN debug_test_results.reason IS 'Why it was skipped or expected to fail';
COMMENT ON COLUMN debug_test_results.attempts IS 'How often it was tried in the run';
COMMENT ON COLUMN debug_test_results.failed_attempts IS
    'How many of the attempts failed; of a test that passed in the end, it flaked';
COMMENT ON COLUMN debug_test_results.duration_seconds IS
    'Seconds that set-up, call and tear-down of its last attempt took';
COMMENT ON COLUMN debug_test_results.error_event_id IS
    'Its latest failure in the run: debug_error_events.id; NULL where it has none';
COMMENT ON COLUMN debug_test_results.error_type IS 'What kind of error, as debug_error_events has it';
COMMENT ON COLUMN debug_test_results.error_code IS 'The class name of the exception';
COMMENT ON COLUMN debug_test_results.fingerprint IS 'What failures of one kind share, of one test';
COMMENT ON COLUMN debug_test_results.cause_fingerprint IS 'What failures of one cause share, of whatever test';
COMMENT ON COLUMN debug_test_results.error_message IS 'What the exception says';
COMMENT ON COLUMN debug_test_results.git_branch IS 'The branch that was checked out; NULL for a detached head';
COMMENT ON COLUMN debug_test_results.git_commit IS 'The commit that was checked out';
COMMENT ON COLUMN debug_test_results.change_id IS
    'The number of the change (pull request, merge request) that the run tested';
COMMENT ON COLUMN debug_test_results.job IS 'The name of the CI''s job; NULL outside of CI';
COMMENT ON COLUMN debug_test_results.leg IS 'Which of those that run the same tests: debug_runs.leg';
COMMENT ON COLUMN debug_test_results.session_id IS
    'What groups runs: a CI run, or what the user named; debug_runs.session_id';

COMMENT ON COLUMN debug_run_summary.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_run_summary.project IS 'Whose tests these are';
COMMENT ON COLUMN debug_run_summary.started_at IS 'When it started';
COMMENT ON COLUMN debug_run_summary.finished_at IS 'When it ended; NULL while it runs and where it died';
COMMENT ON COLUMN debug_run_summary.duration_seconds IS 'Seconds from start to end';
COMMENT ON COLUMN debug_run_summary.status IS 'running, finished, interrupted or died: debug_runs.status';
COMMENT ON COLUMN debug_run_summary.exit_status IS 'What pytest returned; NULL while it runs and where it died';
COMMENT ON COLUMN debug_run_summary.tests IS 'How many tests it ran or skipped, and files that it could not collect';
COMMENT ON COLUMN debug_run_summary.passed IS 'How many of these passed, in their last attempt';
COMMENT ON COLUMN debug_run_summary.failed IS 'How many failed in their call';
COMMENT ON COLUMN debug_run_summary.errors IS 'How many failed in set-up, tear-down or collection';
COMMENT ON COLUMN debug_run_summary.died IS 'How many the process ended in';
COMMENT ON COLUMN debug_run_summary.skipped IS 'How many it skipped';
COMMENT ON COLUMN debug_run_summary.xfailed IS 'How many failed as expected';
COMMENT ON COLUMN debug_run_summary.xpassed IS 'How many passed unexpectedly';
COMMENT ON COLUMN debug_run_summary.flaked IS
    'How many failed, but not in their last attempt; they are among those that passed';
COMMENT ON COLUMN debug_run_summary.causes IS 'How many different causes the failures have';
COMMENT ON COLUMN debug_run_summary.git_branch IS 'The branch that was checked out; NULL for a detached head';
COMMENT ON COLUMN debug_run_summary.git_commit IS 'The commit that was checked out';
COMMENT ON COLUMN debug_run_summary.change_id IS
    'The number of the change (pull request, merge request) that the run tested';
COMMENT ON COLUMN debug_run_summary.target_branch IS 'The branch that the change is to be merged into';
COMMENT ON COLUMN debug_run_summary.job IS 'The name of the CI''s job; NULL outside of CI';
COMMENT ON COLUMN debug_run_summary.job_url IS 'The address of the CI''s run; NULL outside of CI';
COMMENT ON COLUMN debug_run_summary.leg IS 'Which of those that run the same tests: debug_runs.leg';
COMMENT ON COLUMN debug_run_summary.session_id IS
    'What groups runs: a CI run, or what the user named; debug_runs.session_id';
COMMENT ON COLUMN debug_run_summary.correlation_id IS 'The workflow: what the steps and events of this run carry';
COMMENT ON COLUMN debug_run_summary.python_version IS 'The version of the interpreter';
COMMENT ON COLUMN debug_run_summary.pytest_version IS 'The version of pytest';

COMMENT ON COLUMN debug_failure_causes.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_failure_causes.cause_fingerprint IS 'What failures of one cause share';
COMMENT ON COLUMN debug_failure_causes.error_code IS 'The class name of the exception, of the example';
COMMENT ON COLUMN debug_failure_causes.file IS 'The file of the project that the example failed in';
COMMENT ON COLUMN debug_failure_causes.line IS 'Its line';
COMMENT ON COLUMN debug_failure_causes.function IS 'The innermost function of the project that the example failed in';
COMMENT ON COLUMN debug_failure_causes.failures IS 'How many failures have this cause';
COMMENT ON COLUMN debug_failure_causes.tests IS 'How many tests failed of it';
COMMENT ON COLUMN debug_failure_causes.example_error_id IS 'The first of them: debug_error_events.id';
COMMENT ON COLUMN debug_failure_causes.example_message IS 'What its exception says';
COMMENT ON COLUMN debug_failure_causes.names IS 'The operation_name of each test that failed of it';

COMMENT ON COLUMN debug_failure_recoveries.fingerprint IS 'What failures of one kind share';
COMMENT ON COLUMN debug_failure_recoveries.error_type IS 'What kind of error, as debug_error_events has it';
COMMENT ON COLUMN debug_failure_recoveries.error_code IS 'The class name of the exception';
COMMENT ON COLUMN debug_failure_recoveries.errors_recovered IS 'How many errors recovered';
COMMENT ON COLUMN debug_failure_recoveries.median_duration_ms IS
    'Median of the milliseconds from the error to the success';
COMMENT ON COLUMN debug_failure_recoveries.p90_duration_ms IS 'The 90th percentile of them';
COMMENT ON COLUMN debug_failure_recoveries.avg_confidence IS 'The mean confidence in the strategy, from 0 to 1';
COMMENT ON COLUMN debug_failure_recoveries.share_by_itself IS
    'The share that recovered without a change: by retry, rerun or another order, from 0 to 1';
COMMENT ON COLUMN debug_failure_recoveries.dominant_strategy IS 'The strategy by which most recovered';

COMMENT ON COLUMN debug_first_recoveries.error_event_id IS 'What was recovered from: debug_error_events.id';
COMMENT ON COLUMN debug_first_recoveries.error_type IS 'What kind of error, as debug_error_events has it';
COMMENT ON COLUMN debug_first_recoveries.error_code IS 'The class name of the exception';
COMMENT ON COLUMN debug_first_recoveries.fingerprint IS 'What failures of one kind share';
COMMENT ON COLUMN debug_first_recoveries.task_id IS 'The test that recovered: debug_tasks.id';
COMMENT ON COLUMN debug_first_recoveries.recovery_strategy IS 'What was different at the success';
COMMENT ON COLUMN debug_first_recoveries.recovery_duration_ms IS 'Milliseconds from the error to the success';
COMMENT ON COLUMN debug_first_recoveries.confidence_score IS 'How sure the strategy is, from 0 to 1';
COMMENT ON COLUMN debug_first_recoveries.correlated_at IS 'When the two were linked';
COMMENT ON COLUMN debug_first_recoveries.evidence IS
    'All that was different between failure and success, what is not known, and the terms of the confidence';

COMMENT ON COLUMN debug_fix_causes.kind IS 'function, file or distribution';
COMMENT ON COLUMN debug_fix_causes.file IS 'The file that the function is in; NULL for files and distributions';
COMMENT ON COLUMN debug_fix_causes.name IS 'The function, file or distribution';
COMMENT ON COLUMN debug_fix_causes.errors_recovered IS 'How many errors recovered when it changed';
COMMENT ON COLUMN debug_fix_causes.last_at IS 'When the last of them was linked';

COMMENT ON COLUMN debug_flaky_tests.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_flaky_tests.project IS 'Whose test it is';
COMMENT ON COLUMN debug_flaky_tests.node_id IS 'The whole node id';
COMMENT ON COLUMN debug_flaky_tests.class IS 'stable, flaky, newly flaky, broken or fixed';
COMMENT ON COLUMN debug_flaky_tests.flaky_since_run IS
    'The run in which a newly flaky test first failed: debug_runs.id';
COMMENT ON COLUMN debug_flaky_tests.score IS
    'To sort by: the failure rate on good code that is exceeded with 95 percent probability; NULL where it never'
    ' failed';
COMMENT ON COLUMN debug_flaky_tests.flakiness IS 'The failure rate on good code, as a median';
COMMENT ON COLUMN debug_flaky_tests.flakiness_low IS 'Its lower bound: exceeded with 95 percent probability';
COMMENT ON COLUMN debug_flaky_tests.flakiness_high IS 'Its upper bound: exceeded with 5 percent probability';
COMMENT ON COLUMN debug_flaky_tests.failure_rate IS 'The share of first attempts that failed, for whatever reason';
COMMENT ON COLUMN debug_flaky_tests.flip_rate IS
    'How often the result changed from one attempt to the next on good code; recent attempts weigh more';
COMMENT ON COLUMN debug_flaky_tests.entropy IS
    'How undecided the test is, in bits: 0 where it always ends alike, 1 where half of it fails';
COMMENT ON COLUMN debug_flaky_tests.broken_probability IS
    'The probability that the code is at fault for the latest failures; NULL where the latest do not tell';
COMMENT ON COLUMN debug_flaky_tests.attempts IS 'How many attempts there are';
COMMENT ON COLUMN debug_flaky_tests.failures IS 'How many of them failed';
COMMENT ON COLUMN debug_flaky_tests.good_failures IS 'How many of these are estimated to be on good code';
COMMENT ON COLUMN debug_flaky_tests.dominant_strategy IS 'By what its failures mostly recovered';
COMMENT ON COLUMN debug_flaky_tests.last_failed_at IS 'When it last failed';
COMMENT ON COLUMN debug_flaky_tests.last_at IS 'When it was last run';

COMMENT ON COLUMN debug_llm_call_summary.hook_event_id IS 'The event: hook_events.id';
COMMENT ON COLUMN debug_llm_call_summary.session_id IS 'The session, as the hook names it';
COMMENT ON COLUMN debug_llm_call_summary.correlation_id IS 'The workflow, as the hook names it';
COMMENT ON COLUMN debug_llm_call_summary.tool_name IS 'Which tool was called';
COMMENT ON COLUMN debug_llm_call_summary.quality_score IS 'The score of its result; NULL where it is no number';
COMMENT ON COLUMN debug_llm_call_summary.success_classification IS 'How it went, in the words of the hook';
COMMENT ON COLUMN debug_llm_call_summary.call_timestamp IS 'When the event was stored';
COMMENT ON COLUMN debug_llm_call_summary.agent_name IS 'Who called it';
COMMENT ON COLUMN debug_llm_call_summary.execution_time_ms IS 'Milliseconds that it took; NULL where it is no number';

COMMENT ON COLUMN debug_recovery_patterns.error_type IS 'What kind of error, as debug_error_events has it';
COMMENT ON COLUMN debug_recovery_patterns.recovery_strategy IS 'What was different at the success';
COMMENT ON COLUMN debug_recovery_patterns.errors_recovered IS 'How many errors recovered';
COMMENT ON COLUMN debug_recovery_patterns.avg_duration_ms IS
    'The mean of the milliseconds from the error to the success';
COMMENT ON COLUMN debug_recovery_patterns.avg_confidence IS 'The mean confidence in the strategy, from 0 to 1';

COMMENT ON COLUMN debug_scored_tests.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_scored_tests.project IS 'Whose test it is';
COMMENT ON COLUMN debug_scored_tests.node_id IS 'The whole node id';
COMMENT ON COLUMN debug_scored_tests.class IS 'stable, flaky, newly flaky, broken or fixed';
COMMENT ON COLUMN debug_scored_tests.flaky_since_run IS
    'The run in which a newly flaky test first failed: debug_runs.id';
COMMENT ON COLUMN debug_scored_tests.score IS
    'To sort by: the failure rate on good code that is exceeded with 95 percent probability';
COMMENT ON COLUMN debug_scored_tests.flakiness IS 'The failure rate on good code, as a median';
COMMENT ON COLUMN debug_scored_tests.flakiness_low IS 'Its lower bound: exceeded with 95 percent probability';
COMMENT ON COLUMN debug_scored_tests.flakiness_high IS 'Its upper bound: exceeded with 5 percent probability';
COMMENT ON COLUMN debug_scored_tests.failure_rate IS 'The share of first attempts that failed, for whatever reason';
COMMENT ON COLUMN debug_scored_tests.flip_rate IS
    'How often the result changed from one attempt to the next on good code; recent attempts weigh more';
COMMENT ON COLUMN debug_scored_tests.entropy IS
    'How undecided the test is, in bits: 0 where it always ends alike, 1 where half of it fails';
COMMENT ON COLUMN debug_scored_tests.broken_probability IS
    'The probability that the code is at fault for the latest failures; NULL where the latest do not tell';
COMMENT ON COLUMN debug_scored_tests.attempts IS 'How many attempts there are';
COMMENT ON COLUMN debug_scored_tests.failures IS 'How many of them failed';
COMMENT ON COLUMN debug_scored_tests.good_failures IS 'How many of these are estimated to be on good code';
COMMENT ON COLUMN debug_scored_tests.dominant_strategy IS 'By what its failures mostly recovered';
COMMENT ON COLUMN debug_scored_tests.last_failed_at IS 'When it last failed';
COMMENT ON COLUMN debug_scored_tests.last_at IS 'When it was last run';

COMMENT ON COLUMN debug_strategy_recoveries.error_type IS 'What kind of error, as debug_error_events has it';
COMMENT ON COLUMN debug_strategy_recoveries.recovery_strategy IS 'What was different at the success';
COMMENT ON COLUMN debug_strategy_recoveries.errors_recovered IS 'How many errors recovered';
COMMENT ON COLUMN debug_strategy_recoveries.median_duration_ms IS
    'Median of the milliseconds from the error to the success';
COMMENT ON COLUMN debug_strategy_recoveries.p90_duration_ms IS 'The 90th percentile of them';
COMMENT ON COLUMN debug_strategy_recoveries.avg_confidence IS 'The mean confidence in the strategy, from 0 to 1';

COMMENT ON COLUMN debug_test_attempts.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_test_attempts.run_id IS 'The run: debug_runs.id';
COMMENT ON COLUMN debug_test_attempts.agent_name IS 'The process: pytest, or a worker of xdist';
COMMENT ON COLUMN debug_test_attempts.operation_name IS
    'The node id, or a readable head and a hash of one over 255 characters';
COMMENT ON COLUMN debug_test_attempts.attempt IS 'Which attempt in the run, from 1';
COMMENT ON COLUMN debug_test_attempts.ended_at IS 'When it ended';
COMMENT ON COLUMN debug_test_attempts.failed IS 'Whether any of its phases failed';
COMMENT ON COLUMN debug_test_attempts.is_incident IS
    'Whether it failed with many others of what was no fault of the test: such a failure counts in no score';

COMMENT ON COLUMN debug_test_legs.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_test_legs.leg IS 'Which of those that run the same tests: debug_runs.leg';
COMMENT ON COLUMN debug_test_legs.class IS 'stable, flaky or broken, in this leg';
COMMENT ON COLUMN debug_test_legs.score IS 'The failure rate on good code that is exceeded with 95 percent probability';
COMMENT ON COLUMN debug_test_legs.broken_probability IS
    'The probability that the code is at fault for the latest failures; NULL where the latest do not tell';
COMMENT ON COLUMN debug_test_legs.attempts IS 'How many attempts there are in the leg';
COMMENT ON COLUMN debug_test_legs.failures IS 'How many of them failed';
COMMENT ON COLUMN debug_test_legs.failures_since_pass IS 'How many failed after the last that passed';
COMMENT ON COLUMN debug_test_legs.last_at IS 'When it was last run there';

COMMENT ON COLUMN debug_test_stretches.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_test_stretches.leg IS 'Which of those that run the same tests: debug_runs.leg';
COMMENT ON COLUMN debug_test_stretches.line IS 'What the attempts follow each other on: debug_line_of_test of the run';
COMMENT ON COLUMN debug_test_stretches.stretch IS 'Which stretch of the test on the line, from 1';
COMMENT ON COLUMN debug_test_stretches.failed IS 'Whether its attempts failed';
COMMENT ON COLUMN debug_test_stretches.attempts IS 'How many attempts it has';
COMMENT ON COLUMN debug_test_stretches.retries IS 'How many of them a plugin tried again at once, after a failure';
COMMENT ON COLUMN debug_test_stretches.first_attempts IS 'How many of them were the first in their run';
COMMENT ON COLUMN debug_test_stretches.passed_there IS
    'Of failures: whether the test also passed on the same conditions';
COMMENT ON COLUMN debug_test_stretches.failed_before IS
    'Whether the attempt before the stretch failed; NULL where there is none';
COMMENT ON COLUMN debug_test_stretches.failed_after IS
    'Whether the attempt after the stretch failed; NULL where there is none';
COMMENT ON COLUMN debug_test_stretches.is_same_before IS 'Whether the attempt before was on the same conditions';
COMMENT ON COLUMN debug_test_stretches.is_same_after IS 'Whether the attempt after was on the same conditions';
COMMENT ON COLUMN debug_test_stretches.first_run_id IS 'The run of its first attempt: debug_runs.id';
COMMENT ON COLUMN debug_test_stretches.last_run_id IS 'The run of its last attempt: debug_runs.id';
COMMENT ON COLUMN debug_test_stretches.first_at IS 'When its first attempt ended';
COMMENT ON COLUMN debug_test_stretches.last_at IS 'When its last attempt ended';
COMMENT ON COLUMN debug_test_stretches.first_weight IS
    'What its first attempt weighs: half as much for every two weeks of age';
COMMENT ON COLUMN debug_test_stretches.weight IS 'What all its attempts weigh';

COMMENT ON COLUMN debug_test_versions.task_id IS 'The test: debug_tasks.id';
COMMENT ON COLUMN debug_test_versions.conditions IS
    'What the runs were run on: debug_runs.conditions; the id of the run, where that is not known';
COMMENT ON COLUMN debug_test_versions.attempts IS 'How many attempts there are';
COMMENT ON COLUMN debug_test_versions.failures IS 'How many of them failed';
COMMENT ON COLUMN debug_test_versions.flips IS 'How often one came to something else than the one before';
COMMENT ON COLUMN debug_test_versions.first_attempts IS 'How many were the first in their run';
COMMENT ON COLUMN debug_test_versions.first_failures IS 'How many of these failed';
COMMENT ON COLUMN debug_test_versions.first_at IS 'When the first ended';
COMMENT ON COLUMN debug_test_versions.last_at IS 'When the last ended';
COMMENT ON COLUMN debug_test_versions.first_failed_at IS 'When the first failed';
COMMENT ON COLUMN debug_test_versions.last_failed_at IS 'When the last failed';

COMMENT ON COLUMN debug_workflow_context.correlation_id IS 'The workflow';
COMMENT ON COLUMN debug_workflow_context.session_id IS 'What groups workflows';
COMMENT ON COLUMN debug_workflow_context.agents_involved IS 'Who took part';
COMMENT ON COLUMN debug_workflow_context.total_steps IS 'How many steps it has';
COMMENT ON COLUMN debug_workflow_context.error_count IS 'How many errors it has';
COMMENT ON COLUMN debug_workflow_context.success_count IS 'How many successes it has';
COMMENT ON COLUMN debug_workflow_context.snapshot_count IS 'How many different states were captured in it';
COMMENT ON COLUMN debug_workflow_context.workflow_started IS 'When the first of all that happened';
COMMENT ON COLUMN debug_workflow_context.workflow_completed IS 'When the last of all that happened';
COMMENT ON COLUMN debug_workflow_context.duration_ms IS 'Milliseconds from one to the other';
