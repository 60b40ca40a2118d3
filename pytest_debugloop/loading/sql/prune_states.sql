-- Delete the snapshots that nothing refers to any more.

DELETE FROM debug_state_snapshots AS s
USING pruned_snapshots AS p
WHERE s.id = p.id
    AND NOT EXISTS (SELECT FROM debug_error_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_success_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_workflow_steps AS e WHERE e.pre_state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM debug_workflow_steps AS e WHERE e.post_state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM agent_transformation_events AS e WHERE e.state_snapshot_id = s.id)
    AND NOT EXISTS (SELECT FROM agent_transformation_events AS e WHERE e.id = s.transformation_event_id)
    AND NOT EXISTS (
        SELECT FROM debug_state_snapshots AS child
        WHERE child.parent_snapshot_id = s.id AND child.id NOT IN (SELECT id FROM pruned_snapshots)
    );
