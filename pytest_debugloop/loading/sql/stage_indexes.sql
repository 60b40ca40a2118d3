-- Index what states are looked up by: of thousands of checkpoints in a batch each is looked up by its number.
--
-- Once for a connection, and only if there are states: most runs have none, and their steps need no index.

CREATE INDEX IF NOT EXISTS staged_steps_n ON staged_steps (journal_no, n);
CREATE INDEX IF NOT EXISTS staged_steps_state ON staged_steps (journal_no, state) WHERE state IS NOT NULL;
CREATE INDEX IF NOT EXISTS staged_numbers_n ON staged_numbers (journal_no, n);
CREATE INDEX IF NOT EXISTS staged_snapshots_n ON staged_snapshots (journal_no, n);
