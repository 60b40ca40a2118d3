-- Give the last migration that the record has.

SELECT max(version) AS version FROM schema_migrations;
