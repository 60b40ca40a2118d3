-- Make the tables that one batch is copied into; like all that it is staged in, they live as long as its transaction.
--
-- A line knows its journal by a setting of the transaction: so the bytes of a journal are copied as they are. It is text
-- until it is known which lines are needed: reading JSON takes most of the time, and half of all lines say that a step
-- began whose end is here too.

CREATE TEMP TABLE staged_journals (
    journal_no INTEGER PRIMARY KEY,
    journal_id UUID NOT NULL,
    run_id UUID NOT NULL,
    correlation_id UUID NOT NULL,
    session_id UUID,
    project TEXT NOT NULL,
    agent_name TEXT NOT NULL,
    is_main BOOLEAN NOT NULL,
    id_base BIGINT NOT NULL,
    id_mark TEXT NOT NULL,
    checkout_id UUID,
    project_source TEXT
) ON COMMIT DROP;

CREATE TEMP TABLE staged_lines (
    journal_no INTEGER NOT NULL DEFAULT current_setting('debugloop.journal_no')::integer,
    line TEXT NOT NULL
) ON COMMIT DROP;
