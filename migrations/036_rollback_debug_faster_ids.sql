-- Undo 036_debug_faster_ids: put back what 005_debug_state_management has
--
-- Named in our schema, never along the search path: public may hold things of these names that are not ours.  Only
-- what is there: what somebody has dropped stays dropped.

DO $$
BEGIN
    IF to_regprocedure(format('%I.debug_snapshot_id(text, text)', current_schema())) IS NOT NULL THEN
        EXECUTE $function$
CREATE OR REPLACE FUNCTION debug_snapshot_id(state_hash TEXT, snapshot_type TEXT) RETURNS UUID
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (
        SELECT encode(
            set_byte(set_byte(b, 6, (get_byte(b, 6) & 15) | 128), 8, (get_byte(b, 8) & 63) | 128), 'hex'
        )::uuid
        FROM (SELECT substring(sha256(convert_to(state_hash || ' ' || snapshot_type, 'UTF8')) FROM 1 FOR 16)) AS d (b)
    );
$function$;
    END IF;
END
$$;
