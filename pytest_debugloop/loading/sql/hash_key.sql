-- Give the key of the keyed hashes. Whoever has emptied its table gets a new one, and other hashes than before.

WITH made AS (
    INSERT INTO debug_hash_key (key) SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    WHERE NOT EXISTS (SELECT FROM debug_hash_key)
    ON CONFLICT DO NOTHING
    RETURNING key
)
SELECT key FROM debug_hash_key UNION ALL SELECT key FROM made LIMIT 1;
