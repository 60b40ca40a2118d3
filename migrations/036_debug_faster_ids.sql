-- Make ids at a third of the server's time
--
-- Runs inside the caller's transaction with search_path = <our schema>, public.

-- The ids are those of 005. A function in SQL that has to read a part of a query cannot be put in its place, so each
-- call starts and ends one: 3.8 us, where this takes 1.1. To load a test that passes takes two ids, and one more for
-- each fixture.
--
-- Names are qualified, as a setting of search_path would take longer than all else.
CREATE OR REPLACE FUNCTION debug_snapshot_id(state_hash TEXT, snapshot_type TEXT) RETURNS UUID
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    b BYTEA := pg_catalog.substring(
        pg_catalog.sha256(pg_catalog.convert_to(state_hash || ' ' || snapshot_type, 'UTF8')), 1, 16
    );
BEGIN
    RETURN pg_catalog.encode(
        pg_catalog.set_byte(
            pg_catalog.set_byte(b, 6, (pg_catalog.get_byte(b, 6) & 15) | 128),
            8, (pg_catalog.get_byte(b, 8) & 63) | 128
        ), 'hex'
    )::uuid;
END
$$;
