-- What waits for an acknowledgement. `id` is the order of arrival over all sessions.
CREATE TABLE envelope (
    id      INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    device  TEXT    NOT NULL,
    time_ms INTEGER NOT NULL,   -- UTC, when it entered
    payload BLOB    NOT NULL,
    crc     INTEGER NOT NULL    -- CRC-32 of the payload
) STRICT;

-- Results, gaps, statuses and births go before readings.
CREATE INDEX envelope_first ON envelope (id) WHERE kind <> 'reading';

-- What the far end refused for good, kept for a person to look at.
CREATE TABLE dead (
    id      INTEGER PRIMARY KEY,
    session INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    device  TEXT    NOT NULL,
    time_ms INTEGER NOT NULL,
    payload BLOB    NOT NULL,
    crc     INTEGER NOT NULL,
    code    INTEGER NOT NULL,
    reason  TEXT    NOT NULL
) STRICT;

-- Commands: claimed before they are executed, finished together with their result.
CREATE TABLE journal (
    id          TEXT    PRIMARY KEY,
    device      TEXT    NOT NULL,
    claimed_ms  INTEGER NOT NULL,
    finished_ms INTEGER,
    result      BLOB            -- JSON, null while the command is under way
) STRICT, WITHOUT ROWID;

CREATE INDEX journal_age ON journal (claimed_ms);

-- Devices whose retained topics exist at the far end.
CREATE TABLE announced (device TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The state of the file itself: session, clean, rows, bytes.
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES ('session', 0), ('clean', 1), ('rows', 0), ('bytes', 0);
