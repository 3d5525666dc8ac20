PRAGMA user_version = 1;

-- Facts about the file itself: 'unclean' is 1 while somebody has it open for writing, and 2 from an unclean close
-- until everything in it is finished.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE run (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,
    tag     TEXT NOT NULL,             -- what marks its things on the server
    plan    TEXT NOT NULL,             -- JSON
    graph   TEXT NOT NULL,             -- the tasks, drawn as text
    state   TEXT NOT NULL DEFAULT 'running',  -- running, paused, done, failed
    reason  TEXT,
    created REAL NOT NULL,
    updated REAL NOT NULL
);

-- What the run fans out over: images by content key, prompts by number.
CREATE TABLE item (
    run   INTEGER NOT NULL REFERENCES run (id),
    input TEXT NOT NULL,
    key   TEXT NOT NULL,
    data  TEXT NOT NULL,               -- JSON, never bytes
    PRIMARY KEY (run, input, key)
) WITHOUT ROWID;

CREATE TABLE task (
    id      INTEGER PRIMARY KEY,
    run     INTEGER NOT NULL REFERENCES run (id),
    name    TEXT NOT NULL,             -- of the task in the graph
    key     TEXT NOT NULL,             -- of its item; '' for a task that runs once
    state   TEXT NOT NULL DEFAULT 'pending',
    attempt INTEGER NOT NULL DEFAULT 0,
    sent    REAL,                      -- when its last request was about to leave
    done    REAL,
    via     TEXT,                      -- sent, adopted, resent
    result  TEXT,                      -- JSON
    reason  TEXT,
    UNIQUE (run, name, key)
);
CREATE INDEX task_open ON task (run, name) WHERE state NOT IN ('done', 'skipped');

CREATE TABLE event (
    seq  INTEGER PRIMARY KEY,
    at   REAL NOT NULL,
    run  INTEGER NOT NULL,
    task INTEGER,
    what TEXT NOT NULL,
    data TEXT
);
