-- Add the line that a run is on: its leg, its branch or change, and which commits come after which
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.  docs/formulas.md tells what a line is.

ALTER TABLE debug_runs
    ADD COLUMN IF NOT EXISTS leg VARCHAR(255) NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS change_id TEXT,
    ADD COLUMN IF NOT EXISTS target_branch TEXT;

-- ====================================================================================================================
-- Runs that were stored before say what they can
-- ====================================================================================================================

-- As environment/leg.py has it: of a run that does not say which leg it is.
CREATE OR REPLACE FUNCTION debug_leg(
    ci JSONB, environment JSONB, implementation TEXT, python_version TEXT, platform TEXT
) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN left(concat_ws(
        ', ',
        nullif(ci ->> 'cicd.pipeline.task.name', ''),
        CASE ci ->> 'cicd.provider' WHEN 'jenkins' THEN nullif(ci ->> 'cicd.pipeline.stage.name', '') END,
        nullif(
            coalesce(
                nullif(environment ->> 'TOX_ENV_NAME', ''), nullif(environment ->> 'NOX_CURRENT_SESSION', '')
            ),
            ci ->> 'cicd.pipeline.task.name'
        ),
        CASE WHEN ci ->> 'cicd.provider' <> 'unknown' THEN concat_ws(
            ', ',
            replace(coalesce(implementation, 'cpython'), 'cpython', 'py')
                || substring(python_version FROM '^\d+\.\d+'),
            nullif(replace(platform, ' ', ', '), '')
        ) END
    ), 255);

COMMENT ON FUNCTION debug_leg(JSONB, JSONB, TEXT, TEXT, TEXT) IS
    'The leg of a run that does not name it, by what it says of its CI, its environment and its interpreter';

UPDATE debug_runs
SET leg = debug_leg(ci, environment, interpreter ->> 'implementation', python_version, platform),
    change_id = coalesce(
        nullif(ci ->> 'vcs.change.id', ''), substring(git_branch FROM '^(?:refs/)?(?:pull|merge-requests)/(\d+)/')
    ),
    target_branch = nullif(ci ->> 'vcs.ref.base.name', ''),
    git_branch = CASE
        WHEN ci ->> 'cicd.provider' IS NULL THEN git_branch
        WHEN git_branch ~ '^refs/(tags|pull|merge-requests)/' OR git_branch ~ '^(pull/)?\d+/(merge|head)$' THEN NULL
        WHEN ci ->> 'cicd.provider' = 'jenkins' THEN regexp_replace(
            git_branch, '^(refs/heads/|refs/remotes/[^/]+/|remotes/[^/]+/|origin/)', ''
        )
        ELSE regexp_replace(git_branch, '^(refs/heads/|refs/remotes/[^/]+/|remotes/[^/]+/)', '')
    END
WHERE leg = '';

-- ====================================================================================================================
-- The line
-- ====================================================================================================================

ALTER TABLE debug_runs ADD COLUMN IF NOT EXISTS line TEXT GENERATED ALWAYS AS (
    leg || E'\n' || CASE
        WHEN git_branch IS NOT NULL THEN 'branch ' || git_branch
        WHEN change_id IS NOT NULL THEN 'change ' || change_id
        -- A CI checks all branches out in the same folder.
        WHEN git_commit IS NOT NULL AND ci ->> 'cicd.provider' IS NOT NULL THEN 'commit ' || git_commit
        WHEN checkout_id IS NOT NULL THEN 'checkout ' || checkout_id::text
        WHEN rootdir IS NOT NULL THEN 'folder ' || rootdir
        ELSE 'run ' || id::text
    END
) STORED;

COMMENT ON COLUMN debug_runs.leg IS
    'Which of those that run the same tests: what the user named, else the job of the CI, the environment of tox or'
    ' nox, and in CI interpreter and platform; empty where nothing tells';
COMMENT ON COLUMN debug_runs.change_id IS 'The number of the change (pull request, merge request) that it tested';
COMMENT ON COLUMN debug_runs.target_branch IS 'The branch that the change is to be merged into';
COMMENT ON COLUMN debug_runs.line IS
    'What a failure can recover on: the leg, and the branch, else the change, else the working copy';

-- A hash may be of a text of any length; other indexes refuse long ones.
CREATE INDEX IF NOT EXISTS idx_debug_runs_commit ON debug_runs USING hash (git_commit);

-- The id of a checkout lies in the folder of its record, and goes with it.
CREATE OR REPLACE FUNCTION debug_is_same_copy(a debug_runs, b debug_runs) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce((a).checkout_id = (b).checkout_id, FALSE) OR coalesce(
        (a).rootdir = (b).rootdir AND (
            (a).checkout_id IS NULL OR (b).checkout_id IS NULL OR coalesce((a).boot_id = (b).boot_id, FALSE)
        ),
        FALSE
    );

COMMENT ON FUNCTION debug_is_same_copy(debug_runs, debug_runs) IS
    'Whether two runs were in one working copy: by the id of the checkout, else by its folder, on the same machine'
    ' where that is known';

-- Of a passing run whether it is on the line of a failing one as far as the runs themselves tell; commits tell more.
CREATE OR REPLACE FUNCTION debug_is_same_line(failing debug_runs, passing debug_runs) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (failing).leg = (passing).leg AND (
        (failing).line = (passing).line
        OR coalesce((failing).change_id = (passing).change_id, FALSE)
        -- A working copy, where neither run was on a branch, or where the failing one knew of no git.
        OR (
            (failing).git_branch IS NULL AND (failing).change_id IS NULL
            AND (
                (failing).git_commit IS NULL
                OR ((passing).git_branch IS NULL AND (passing).change_id IS NULL
                    AND (failing).ci ->> 'cicd.provider' IS NULL AND (passing).ci ->> 'cicd.provider' IS NULL)
            )
            AND debug_is_same_copy(failing, passing)
        )
    );

COMMENT ON FUNCTION debug_is_same_line(debug_runs, debug_runs) IS
    'Whether a passing run is in the leg and on the branch, the change or in the working copy of a failing one';

-- Of lines on which it was not run for two weeks before, nobody knows whether it still passes there.
CREATE OR REPLACE FUNCTION debug_passes_elsewhere(test UUID, failing_run UUID) RETURNS JSONB
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path FROM CURRENT
AS $$
    SELECT coalesce(jsonb_agg(
        jsonb_build_object(
            'branch', place.git_branch, 'change', place.change_id, 'leg', place.leg, 'same_branch', place.same_branch,
            'same_leg', place.same_leg
        ) ORDER BY place.same_leg DESC, place.same_branch DESC, place.ended_at DESC, place.line
    ), '[]')
    FROM (
        SELECT DISTINCT ON (passing.line)
            passing.line, passing.git_branch, passing.change_id, passing.leg, a.failed, a.ended_at,
            passing.git_branch IS NOT DISTINCT FROM failing.git_branch
                AND passing.change_id IS NOT DISTINCT FROM failing.change_id AS same_branch,
            passing.leg = failing.leg AS same_leg
        FROM (
            (
                SELECT s.run_id, s.occurred_at AS ended_at, FALSE AS failed
                FROM debug_success_events AS s
                WHERE s.task_id = test AND s.metadata ->> 'subtest' IS NULL
                ORDER BY s.occurred_at DESC
                LIMIT 200
            )
            UNION ALL
            (
                SELECT e.run_id, e.occurred_at, TRUE
                FROM debug_error_events AS e
                WHERE e.task_id = test
                ORDER BY e.occurred_at DESC
                LIMIT 200
            )
        ) AS a
        JOIN debug_runs AS passing ON passing.id = a.run_id
        JOIN debug_runs AS failing ON failing.id = failing_run
        WHERE passing.line <> failing.line AND NOT debug_is_same_line(failing, passing)
            AND a.ended_at > failing.started_at - interval '14 days'
        ORDER BY passing.line, a.ended_at DESC, a.failed DESC
    ) AS place
    WHERE NOT place.failed;
$$;

COMMENT ON FUNCTION debug_passes_elsewhere(UUID, UUID) IS
    'On which lines but that of a run a test passed when it was run there last: branch, change and leg of each';

CREATE TABLE IF NOT EXISTS debug_commit_parents (
    project VARCHAR(255) NOT NULL,
    git_commit TEXT NOT NULL,
    git_parent TEXT NOT NULL,
    is_linked BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (project, git_commit, git_parent)
);

CREATE INDEX IF NOT EXISTS idx_debug_commit_parents_parent ON debug_commit_parents (project, git_parent);
CREATE INDEX IF NOT EXISTS idx_debug_commit_parents_new ON debug_commit_parents (project) WHERE NOT is_linked;

COMMENT ON TABLE debug_commit_parents IS
    'Which commits come directly after which, as far as git told: a shallow clone tells little.';
COMMENT ON COLUMN debug_commit_parents.project IS 'Of which project: debug_runs.project';
COMMENT ON COLUMN debug_commit_parents.git_commit IS 'A commit';
COMMENT ON COLUMN debug_commit_parents.git_parent IS 'A commit that it comes directly after';
COMMENT ON COLUMN debug_commit_parents.is_linked IS 'Whether recoveries have been looked for that it makes known';

-- ====================================================================================================================
-- How a test does in each leg
-- ====================================================================================================================

CREATE OR REPLACE VIEW debug_test_legs AS
SELECT
    task_id,
    leg,
    CASE
        WHEN broken > 0.9 THEN 'broken'
        WHEN score > 0.005 THEN 'flaky'
        ELSE 'stable'
    END AS class,
    score,
    broken AS broken_probability,
    attempts,
    failures,
    failures_since_pass,
    last_at
FROM (
    SELECT
        l.*,
        debug_failure_rate_quantile(0.05, l.good_failures, l.attempts - l.failures) AS score,
        -- Odds of broken against flaky, of the failures since it passed there last; one of them alone says little.
        CASE WHEN l.failures_since_pass > 1 THEN
            1 / (1 + exp(least(
                l.failures_since_pass
                * ln((0.15 + l.good_failures) / (10.0 + l.good_failures + l.attempts - l.failures))
                - ln((1.0 + l.broken_versions) / (99.0 + l.versions - l.broken_versions)), 700
            )))
        END AS broken
    FROM (
        SELECT
            task_id,
            leg,
            sum(attempts)::bigint AS attempts,
            sum(failures)::bigint AS failures,
            coalesce(sum(failures) FILTER (WHERE failures < attempts), 0)::bigint AS good_failures,
            sum(failures_since_pass)::bigint AS failures_since_pass,
            count(*) AS versions,
            count(*) FILTER (WHERE failures = attempts) AS broken_versions,
            max(last_at) AS last_at
        FROM (
            SELECT
                task_id, leg, conditions,
                count(*) AS attempts,
                count(*) FILTER (WHERE failed) AS failures,
                count(*) FILTER (WHERE failed AND ended_at > coalesce(passed_at, '-infinity')) AS failures_since_pass,
                max(ended_at) AS last_at
            FROM (
                SELECT
                    a.task_id, r.leg, coalesce(r.conditions, r.id::text) AS conditions, a.failed, a.ended_at,
                    max(a.ended_at) FILTER (WHERE NOT a.failed) OVER (PARTITION BY a.task_id, r.leg) AS passed_at
                FROM debug_test_attempts AS a
                JOIN debug_runs AS r ON r.id = a.run_id
                WHERE NOT a.is_incident
            ) AS attempt
            GROUP BY task_id, leg, conditions
        ) AS version
        GROUP BY task_id, leg
    ) AS l
) AS scored;

COMMENT ON VIEW debug_test_legs IS
    'How each test does in each leg: broken since it passed there last, flaky on the same code, or stable';

-- ====================================================================================================================
-- Recoveries that were linked across lines
-- ====================================================================================================================

-- Their reasons are found by the next run that is stored; before that nothing but the link is known.
CREATE INDEX IF NOT EXISTS idx_debug_error_success_correlation_unexplained
    ON debug_error_success_correlation (task_id) WHERE evidence IS NULL AND recovery_strategy = 'unknown';

CREATE TEMPORARY TABLE debug_wrong_links AS
SELECT c.id, c.error_event_id, c.success_event_id, s.run_id AS success_run
FROM debug_error_success_correlation AS c
JOIN debug_error_events AS e ON e.id = c.error_event_id
JOIN debug_success_events AS s ON s.id = c.success_event_id
JOIN debug_runs AS failing ON failing.id = e.run_id
JOIN debug_runs AS passing ON passing.id = s.run_id
WHERE failing.id <> passing.id
    AND NOT debug_is_same_line(failing, passing)
    AND NOT coalesce(failing.leg = passing.leg AND failing.git_commit = passing.git_commit, FALSE);

CREATE TEMPORARY TABLE debug_right_links AS
SELECT w.error_event_id, found.*
FROM (SELECT DISTINCT error_event_id FROM debug_wrong_links) AS w
JOIN debug_error_events AS e ON e.id = w.error_event_id
JOIN debug_runs AS failing ON failing.id = e.run_id
LEFT JOIN LATERAL (
    SELECT s.id AS success_event_id, s.run_id AS success_run, s.correlation_id, s.occurred_at
    FROM debug_success_events AS s
    JOIN debug_runs AS passing ON passing.id = s.run_id
    WHERE s.task_id = e.task_id
        AND s.occurred_at > e.occurred_at
        AND s.metadata ->> 'subtest' IS NOT DISTINCT FROM e.metadata ->> 'subtest'
        AND (
            passing.id = failing.id OR debug_is_same_line(failing, passing)
            OR (failing.leg = passing.leg AND failing.git_commit = passing.git_commit)
        )
        AND passing.status <> 'died'
        AND NOT EXISTS (
            SELECT FROM debug_error_events AS other
            WHERE other.task_id = s.task_id AND other.run_id = s.run_id AND other.agent_name = s.agent_name
                AND other.metadata ->> 'attempt' = (s.retry_count + 1)::text
        )
        AND NOT coalesce(
            failing.id <> passing.id AND failing.boot_id = passing.boot_id
            AND passing.boot_seconds + extract(epoch FROM s.occurred_at - passing.started_at) + 0.1
                < failing.boot_seconds + extract(epoch FROM e.occurred_at - failing.started_at),
            FALSE
        )
    ORDER BY s.occurred_at, s.id
    LIMIT 1
) AS found ON TRUE;

DELETE FROM debug_error_success_correlation AS c USING debug_wrong_links AS w WHERE c.id = w.id;

INSERT INTO debug_error_success_correlation (
    id, error_event_id, success_event_id, correlation_id, task_id, error_type, error_code, fingerprint,
    recovery_duration_ms, recovery_strategy, confidence_score, correlated_at
)
SELECT
    debug_snapshot_id(r.success_event_id::text, e.id::text), e.id, r.success_event_id, r.correlation_id, e.task_id,
    e.error_type, e.error_code, e.metadata ->> 'fingerprint',
    least((extract(epoch FROM r.occurred_at - e.occurred_at) * 1000)::bigint, 2147483647)::integer,
    'unknown', 0, r.occurred_at
FROM debug_right_links AS r
JOIN debug_error_events AS e ON e.id = r.error_event_id
WHERE r.success_event_id IS NOT NULL
ON CONFLICT (error_event_id, success_event_id) DO NOTHING;

UPDATE debug_error_events AS e
SET resolved_at = r.occurred_at,
    recovery_strategy = CASE WHEN r.success_event_id IS NOT NULL THEN 'unknown' END,
    recovery_successful = CASE WHEN r.success_event_id IS NOT NULL THEN TRUE END,
    is_recoverable = r.success_event_id IS NOT NULL,
    recovery_attempted = r.success_event_id IS NOT NULL
FROM debug_right_links AS r
WHERE e.id = r.error_event_id
    -- Another recovery of it may be right.
    AND NOT EXISTS (
        SELECT FROM debug_error_success_correlation AS c
        WHERE c.error_event_id = e.id AND c.success_event_id IS DISTINCT FROM r.success_event_id
    );

UPDATE debug_success_events AS s SET success_type = 'validation_pass'
FROM debug_wrong_links AS w
WHERE s.id = w.success_event_id AND s.success_type = 'recovery_success'
    AND NOT EXISTS (SELECT FROM debug_error_success_correlation AS c WHERE c.success_event_id = s.id);
UPDATE debug_success_events AS s SET success_type = 'recovery_success'
FROM debug_right_links AS r
WHERE s.id = r.success_event_id AND s.success_type = 'validation_pass';

UPDATE debug_runs AS run
SET recoveries_total = (
    SELECT count(*) FROM debug_error_success_correlation AS c
    WHERE c.correlation_id = run.correlation_id
        AND c.correlated_at BETWEEN run.started_at AND coalesce(run.finished_at, 'infinity')
)
WHERE run.recoveries_total IS NOT NULL
    AND run.id IN (SELECT success_run FROM debug_wrong_links UNION SELECT success_run FROM debug_right_links);

DROP TABLE pg_temp.debug_wrong_links, pg_temp.debug_right_links;
