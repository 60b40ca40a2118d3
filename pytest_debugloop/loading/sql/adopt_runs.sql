-- Give the runs that a checkout recorded under an earlier name to the project of now, with their tests and events.

INSERT INTO debug_project_aliases (checkout_id, alias, project) VALUES (%(checkout_id)s, %(alias)s, %(project)s)
ON CONFLICT (checkout_id, alias) DO UPDATE SET project = excluded.project;

-- What was given up before for the name that is given up now.
UPDATE debug_project_aliases SET project = %(project)s
WHERE checkout_id = %(checkout_id)s AND project = %(alias)s;
DELETE FROM debug_project_aliases WHERE checkout_id = %(checkout_id)s AND alias = project;

CREATE TEMP TABLE IF NOT EXISTS adopted_runs (id UUID PRIMARY KEY) ON COMMIT DROP;
TRUNCATE adopted_runs;
INSERT INTO adopted_runs
SELECT r.id FROM debug_runs AS r
WHERE r.project = %(alias)s AND (
    (r.checkout_id = %(checkout_id)s AND r.project_source <> 'given')
    OR (
        %(is_embedded)s AND r.checkout_id IS NULL
        AND r.rootdir = (SELECT own.rootdir FROM debug_runs AS own WHERE own.id = %(run_id)s)
    )
);

UPDATE debug_runs SET project = %(project)s WHERE id IN (SELECT id FROM adopted_runs);
UPDATE debug_success_events SET operation_name = left(%(project)s, 255)
WHERE id IN (SELECT debug_snapshot_id('task_completion', id::text) FROM adopted_runs);

-- Their tests; where nobody else has the name any more, also those that never passed or failed.
CREATE TEMP TABLE IF NOT EXISTS adopted_tasks (id UUID PRIMARY KEY) ON COMMIT DROP;
TRUNCATE adopted_tasks;
INSERT INTO adopted_tasks
SELECT task_id FROM debug_error_events WHERE run_id IN (SELECT id FROM adopted_runs) AND task_id IS NOT NULL
UNION
SELECT task_id FROM debug_success_events WHERE run_id IN (SELECT id FROM adopted_runs) AND task_id IS NOT NULL
UNION
SELECT t.id FROM debug_tasks AS t
WHERE t.project = %(alias)s AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.project = %(alias)s);

INSERT INTO debug_tasks AS known (id, project, operation_name, node_id, file, name, parameters, first_seen_at)
SELECT
    debug_task_id(%(project)s, t.node_id), %(project)s, t.operation_name, t.node_id, t.file, t.name, t.parameters,
    t.first_seen_at
FROM debug_tasks AS t
WHERE t.project = %(alias)s AND t.id IN (SELECT id FROM adopted_tasks)
ORDER BY t.id
ON CONFLICT (id) DO UPDATE SET first_seen_at = least(known.first_seen_at, excluded.first_seen_at);

UPDATE debug_error_events AS e
SET task_id = debug_task_id(
    %(project)s, coalesce((SELECT t.node_id FROM debug_tasks AS t WHERE t.id = e.task_id), e.operation_name)
)
WHERE e.run_id IN (SELECT id FROM adopted_runs) AND e.task_id IS NOT NULL;

UPDATE debug_success_events AS s
SET task_id = debug_task_id(
    %(project)s, coalesce((SELECT t.node_id FROM debug_tasks AS t WHERE t.id = s.task_id), s.operation_name)
)
WHERE s.run_id IN (SELECT id FROM adopted_runs) AND s.task_id IS NOT NULL;

UPDATE debug_error_success_correlation AS c SET task_id = e.task_id
FROM debug_error_events AS e
WHERE e.id = c.error_event_id AND e.run_id IN (SELECT id FROM adopted_runs) AND c.task_id IS DISTINCT FROM e.task_id;

UPDATE debug_failure_onsets AS o SET task_id = debug_task_id(%(project)s, t.node_id)
FROM debug_tasks AS t
WHERE t.id = o.task_id AND o.run_id IN (SELECT id FROM adopted_runs);

DELETE FROM debug_tasks AS t
WHERE t.project = %(alias)s AND t.id IN (SELECT id FROM adopted_tasks)
    AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.task_id = t.id)
    AND NOT EXISTS (SELECT FROM debug_success_events AS s WHERE s.task_id = t.id);

-- What is known of commits is true under both names; what it links is looked for again.
INSERT INTO debug_commit_parents (project, git_commit, git_parent)
SELECT %(project)s, git_commit, git_parent FROM debug_commit_parents WHERE project = %(alias)s
ORDER BY git_commit, git_parent
ON CONFLICT (project, git_commit, git_parent) DO NOTHING;

DELETE FROM debug_commit_parents AS c
WHERE c.project = %(alias)s AND NOT EXISTS (SELECT FROM debug_runs AS r WHERE r.project = %(alias)s);
