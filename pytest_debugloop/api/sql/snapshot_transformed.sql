-- Note which transformation a state was captured at, unless it was captured at another one before.

UPDATE debug_state_snapshots SET transformation_event_id = %(transformation_id)s
WHERE id = %(snapshot_id)s AND transformation_event_id IS NULL
RETURNING id;
