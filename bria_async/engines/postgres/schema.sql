-- Runs, their items, tasks and events, as in the journal of one process (graph/schema); and what many workers need to
-- share them. A journal is what a file is elsewhere: a run by itself, or a batch.
CREATE TABLE meta (version INTEGER NOT NULL);

CREATE TABLE journal (
    name  TEXT PRIMARY KEY,
    plans TEXT,                         -- of a batch, JSON; NULL for a run by itself
    seq   BIGINT NOT NULL DEFAULT 0     -- of its newest event
);

CREATE TABLE run (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journal TEXT NOT NULL REFERENCES journal (name) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    tag     TEXT NOT NULL,              -- what marks its things on the server
    plan    TEXT NOT NULL,              -- JSON
    graph   TEXT NOT NULL,              -- the tasks, drawn as text
    state   TEXT NOT NULL DEFAULT 'running',  -- running, paused, done, failed
    reason  TEXT,
    created DOUBLE PRECISION NOT NULL,
    updated DOUBLE PRECISION NOT NULL,
    how     TEXT NOT NULL DEFAULT '{}', -- fields of the plan that were changed since, JSON
    weight  DOUBLE PRECISION NOT NULL DEFAULT 1,  -- its share, beside a run with 1
    halted  BOOLEAN NOT NULL DEFAULT false,       -- none of its tasks is begun any more
    UNIQUE (journal, name)
);

CREATE TABLE item (
    run   BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    input TEXT NOT NULL,
    key   TEXT NOT NULL,
    data  TEXT NOT NULL,                -- JSON, never bytes
    PRIMARY KEY (run, input, key)
);

CREATE TABLE task (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run     BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,              -- of the task in the graph
    key     TEXT NOT NULL,              -- of its item; '' for a task that runs once
    state   TEXT NOT NULL DEFAULT 'pending',
    attempt INTEGER NOT NULL DEFAULT 0,
    sent    DOUBLE PRECISION,           -- when its last request was about to leave
    done    DOUBLE PRECISION,
    via     TEXT,                       -- sent, adopted, resent
    result  TEXT,                       -- JSON
    reason  TEXT,
    UNIQUE (run, name, key)
) WITH (fillfactor = 70);               -- each row is written three times

CREATE TABLE event (
    journal TEXT NOT NULL REFERENCES journal (name) ON DELETE CASCADE,
    seq     BIGINT NOT NULL,            -- without gaps, in the order of the commits
    at      DOUBLE PRECISION NOT NULL,
    run     BIGINT NOT NULL,
    task    BIGINT,
    what    TEXT NOT NULL,
    data    TEXT,
    PRIMARY KEY (journal, seq)
);
CREATE INDEX event_of_run ON event (run, seq);

-- Who works. While a worker lives, its session holds the advisory lock (LOCKS, number); who takes its work over raises
-- its fence, and nothing that began below it is written any more.
CREATE TABLE worker (
    number INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name   TEXT NOT NULL,
    fence  INTEGER NOT NULL DEFAULT 0,
    batch  BIGINT NOT NULL DEFAULT 0,   -- of its newest commit: after a broken connection this tells what arrived
    since  TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- What there is to do, one row per workflow: a run (task 0), or one of its tasks.
CREATE TABLE job (
    id     TEXT PRIMARY KEY,            -- of the workflow
    run    BIGINT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    task   BIGINT NOT NULL,
    queue  TEXT NOT NULL,
    worker INTEGER,                     -- who does it; NULL until somebody begins
    fence  INTEGER,                     -- of that worker when it began
    over   BOOLEAN NOT NULL DEFAULT false,
    error  TEXT,                        -- why it stopped, JSON
    again  BOOLEAN NOT NULL DEFAULT false,  -- it was handed over once more meanwhile
    since  TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE INDEX job_of_task ON job (run, task);
CREATE UNIQUE INDEX one_job_at_a_time ON job (run, task) WHERE NOT over;
CREATE INDEX job_of_worker ON job (worker) WHERE NOT over;

-- What people ask of runs; whoever works on a run takes it away.
CREATE TABLE request (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    journal TEXT NOT NULL REFERENCES journal (name) ON DELETE CASCADE,
    run     TEXT NOT NULL,
    what    TEXT NOT NULL,
    data    TEXT NOT NULL,              -- JSON
    at      DOUBLE PRECISION NOT NULL
);

-- How fast each endpoint of a server (limiter) takes requests, shared by all workers.
CREATE TABLE pace (
    limiter   TEXT NOT NULL,
    operation TEXT NOT NULL,
    state     TEXT NOT NULL,            -- JSON
    PRIMARY KEY (limiter, operation)
);


-- One journal as a file would show it, for what reads files too; which one, the session says.
CREATE SCHEMA one_journal;
CREATE VIEW one_journal.run AS
    SELECT * FROM run WHERE journal = current_setting('bria_async.journal');
CREATE VIEW one_journal.item AS
    SELECT item.* FROM item JOIN run ON run.id = item.run WHERE run.journal = current_setting('bria_async.journal');
CREATE VIEW one_journal.task AS
    SELECT task.* FROM task JOIN run ON run.id = task.run WHERE run.journal = current_setting('bria_async.journal');
CREATE VIEW one_journal.event AS
    SELECT * FROM event WHERE journal = current_setting('bria_async.journal');
