-- Null: stamped by a synchronised clock; else what the wall clock was ahead of the time since boot, in milliseconds.
ALTER TABLE envelope ADD COLUMN ahead_ms INTEGER;
ALTER TABLE dead ADD COLUMN ahead_ms INTEGER;

-- Losses that were counted and are not told yet.
CREATE TABLE loss (
    reason       TEXT    NOT NULL,
    lost_session INTEGER NOT NULL,
    device       TEXT,              -- null: of several devices
    count        INTEGER,           -- null: nobody can tell
    first_seq    INTEGER,
    last_seq     INTEGER,
    first_ms     INTEGER NOT NULL,
    last_ms      INTEGER NOT NULL,
    PRIMARY KEY (reason, lost_session)
) STRICT, WITHOUT ROWID;

-- Losses since the file was made, told or not.
CREATE TABLE lost (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- `sealed_from`: from this id on `crc` seals the whole row, below it the payload alone. `journal_lost`: 1 while commands
-- are refused, since those that were claimed are not known. `boot`: a number for the boot in which the file was last
-- opened; `boot_from`: the first id of that boot. `rescue-STAMP`: the next page to be looked at of a file set aside, -1
-- when all were.
INSERT INTO meta VALUES
    ('sealed_from', (SELECT max(coalesce((SELECT max(id) FROM envelope), 0), coalesce((SELECT max(id) FROM dead), 0)) + 1)),
    ('journal_lost', 0), ('boot', 0), ('boot_from', 0);
