-- Make the tables that batches are copied into. They stay as long as the connection, and their rows as long as a
-- transaction: to make them anew for each batch would take as long as to fill them, and would let the catalog grow.
--
-- A line knows its journal by a setting of the transaction: so the bytes of a journal are copied as they are. It is text
-- until it is known which lines are needed: reading JSON takes most of the time, and half of all lines say that a step
-- began whose end is here too.
--
-- To make a table takes as long as to store a hundred steps: those for fixtures and errors are made where there are any.
--
-- What is long is not compressed here: that would take as long as all else that is done with a state, and be undone at
-- once.

CREATE TEMP TABLE staged_journals (
    journal_no INTEGER NOT NULL,
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
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_lines (
    journal_no INTEGER NOT NULL DEFAULT current_setting('debugloop.journal_no')::integer,
    line TEXT STORAGE EXTERNAL NOT NULL
) ON COMMIT DELETE ROWS;

-- Lines that are not of steps, or all of them, where those at fault are looked for. A state is kept apart from the rest
-- of its line: whoever asks for one member of a line has all of it read.
CREATE TEMP TABLE staged_records (
    journal_no INTEGER NOT NULL,
    place TID NOT NULL,
    kind TEXT,
    line JSONB NOT NULL,
    state JSONB STORAGE EXTERNAL
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_unfit (
    place TID NOT NULL,
    reason TEXT STORAGE PLAIN NOT NULL  -- a few words of ours: it needs no table beside this one
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_steps (
    journal_no INTEGER NOT NULL,
    n BIGINT NOT NULL CHECK (n BETWEEN 0 AND 9007199254740991),
    rev INTEGER NOT NULL,
    id UUID NOT NULL,
    success_id UUID,
    error_id UUID,
    phase TEXT NOT NULL,
    operation_name TEXT NOT NULL,
    long_node_id TEXT,
    task TEXT NOT NULL,
    attempt INTEGER NOT NULL CHECK (attempt > 0),
    started_at TIMESTAMP WITH TIME ZONE NOT NULL CHECK (started_at BETWEEN 'epoch' AND '9999-12-31 23:59:59.999999Z'),
    ended_at TIMESTAMP WITH TIME ZONE CHECK (ended_at BETWEEN 'epoch' AND '9999-12-31 23:59:59.999999Z'),
    outcome TEXT,
    reason TEXT,
    subtest TEXT,
    word TEXT,
    state BIGINT,
    parent BIGINT[],
    after BIGINT[],
    fixtures JSON,
    uses JSON,
    properties JSON,
    parameters JSON,
    step_number INTEGER,
    is_known BOOLEAN NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_numbers (
    journal_no INTEGER NOT NULL,
    n BIGINT NOT NULL,
    step_number INTEGER NOT NULL
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_notes (
    journal_no INTEGER NOT NULL,
    place TID,
    n BIGINT,
    rev INTEGER,
    phase TEXT,
    name TEXT,
    started BIGINT,
    ended BIGINT,
    outcome TEXT,
    attempt INTEGER,
    parent BIGINT[],
    pre BIGINT,
    state BIGINT,
    error BIGINT[],
    input JSONB,
    output JSONB,
    metadata JSONB,
    event JSONB,
    call JSONB,
    host_id UUID
) ON COMMIT DELETE ROWS;

CREATE TEMP TABLE staged_snapshots (
    journal_no INTEGER NOT NULL,
    n BIGINT,
    id UUID,
    state_hash TEXT,
    state_size INTEGER,
    line JSONB NOT NULL,
    state JSONB STORAGE EXTERNAL
) ON COMMIT DELETE ROWS;
