-- Who asked for what (JSON), for the audit of a command that is found under way; null: not known.
ALTER TABLE journal ADD COLUMN asked BLOB;

-- What was commanded, in local.db alone. Rows are only added, and the oldest go when there are too many.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY,
    time_ms INTEGER,            -- UTC; null: stamped by a clock that was not synchronised
    device  TEXT NOT NULL,
    record  BLOB NOT NULL       -- JSON
) STRICT;
