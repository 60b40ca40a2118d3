-- What surrounds the migrations in a script for psql, as migrate.py does it over a connection.

-- name: head
\set ON_ERROR_STOP on
\set QUIET on

-- name: begin
BEGIN;
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL client_min_messages TO warning;
SET LOCAL lock_timeout TO '60s';
SELECT pg_advisory_xact_lock({lock}) IS NULL AS debugloop_locked \gset

-- name: schema
DO $debugloop$
BEGIN
    IF to_regnamespace(quote_ident({schema_name})) IS NULL THEN
        CREATE SCHEMA {schema};
        COMMENT ON SCHEMA {schema} IS {schema_comment};
    END IF;
END
$debugloop$;
{records}

-- name: expect
-- The script is for a schema as it was when the script was written.
DO $debugloop$
BEGIN
    IF (SELECT count(*) FROM {schema}.schema_migrations WHERE version = ANY ({versions})) <> {count} THEN
        RAISE EXCEPTION 'schema % has changed since this script was written', {schema_name}
            USING HINT = 'Write it again with debugloop migrate --sql.';
    END IF;
END
$debugloop$;

-- name: unless_applied
SELECT NOT EXISTS (SELECT FROM {schema}.schema_migrations WHERE version = {version}) AS debugloop_goes \gset
\if :debugloop_goes

-- name: if_applied
SELECT to_regclass({records_name}) IS NOT NULL AS debugloop_goes \gset
\if :debugloop_goes
SELECT EXISTS (SELECT FROM {schema}.schema_migrations WHERE version = {version}) AS debugloop_goes \gset
\endif
\if :debugloop_goes

-- name: enter
SET LOCAL search_path TO {schema}, public;
SET LOCAL lock_timeout TO '10s';
SELECT clock_timestamp() AS debugloop_started \gset

-- name: add_record
INSERT INTO {schema}.schema_migrations (version, description, execution_time_ms, checksum) VALUES (
    {version}, {description}, ceil(extract(epoch FROM clock_timestamp() - :'debugloop_started') * 1000), {checksum}
);
\echo applied {told}

-- name: remove_record
DELETE FROM {schema}.schema_migrations WHERE version = {version};
-- With the last one the records go, and the schema if it was created for them and nothing else is in it.
DO $debugloop$
BEGIN
    IF EXISTS (SELECT FROM {schema}.schema_migrations) THEN
        RETURN;
    END IF;
    DROP TABLE {schema}.schema_migrations;
    IF obj_description(to_regnamespace(quote_ident({schema_name})), 'pg_namespace') LIKE {schema_mark} THEN
        DROP SCHEMA {schema};
    END IF;
EXCEPTION WHEN dependent_objects_still_exist THEN
    DROP TABLE {schema}.schema_migrations;
END
$debugloop$;
\echo rolled back {told}

-- name: end
\endif
COMMIT;
