-- The table in which a schema keeps its migrations.

-- name: adopt
-- The documented migration 5 left its own record where a table of the host's shape was in our schema: what it says is
-- that the seed's tables are there, not that our migrations are.
DO $debugloop$
DECLARE
    records CONSTANT REGCLASS := to_regclass({records_name});
    seeds BOOLEAN := FALSE;
BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = records AND attname = 'description' AND NOT attisdropped)
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = records AND attname = 'checksum' AND NOT attisdropped)
    THEN
        EXECUTE format('SELECT array_agg(concat_ws('' '', version, description)) = ARRAY[%L] FROM %s', {seed}, records)
        INTO seeds;
    END IF;
    IF seeds THEN
        EXECUTE format('DELETE FROM %s', records);
        EXECUTE format(
            'ALTER TABLE %s ADD COLUMN checksum TEXT NOT NULL, ALTER COLUMN applied_at SET NOT NULL,'
            ' ALTER COLUMN execution_time_ms SET NOT NULL', records
        );
    END IF;
END
$debugloop$;

-- name: create
CREATE TABLE IF NOT EXISTS {schema}.schema_migrations (
    version INTEGER PRIMARY KEY,
    description TEXT NOT NULL,
    applied_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    execution_time_ms INTEGER NOT NULL,
    checksum TEXT NOT NULL
);
COMMENT ON TABLE {schema}.schema_migrations IS 'The migrations of pytest-debugloop that this schema has.';
