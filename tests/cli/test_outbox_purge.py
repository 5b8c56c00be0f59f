"""`fieldgate outbox purge` deletes what it was told to, and leaves word of it."""

import json
import os
import pty
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.state import owned
from gateway.outbox.visit import purge
from tests.cli.outboxes import SESSION, START_MS, Commands, fill, other, reading

SITE = """version: 1
gateway: {id: gw}
endpoints: {cloud: {type: mqtt, url: "mqtt://broker.example"}}
links: {plc: {adapter: modbus, host: 10.0.0.1}}
devices: {meter: {link: plc, points: {count: {type: int16, address: 1}}}}
"""


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(sql).fetchall()


def kinds(path: Path) -> list[str]:
    return [kind for (kind,) in query(path, "SELECT kind FROM envelope ORDER BY id")]


def counters(path: Path) -> dict[str, int]:
    return dict(query(path, "SELECT key, value FROM meta WHERE key IN ('rows', 'bytes')"))


@pytest.fixture
def filled(outbox: Commands) -> Path:
    """Two readings, and one of each other kind."""
    others = [other(number, kind) for number, kind in enumerate(("status", "birth", "gap", "result"), start=3)]
    return fill(outbox.file(), [reading(1), reading(2, "pump"), *others], dead=[reading(9)])


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A person at the keyboard, who has typed ahead."""
    ours, theirs = pty.openpty()
    with open(theirs, encoding="utf-8") as stdin, open(ours, "w", encoding="utf-8") as keyboard:  # noqa: PTH123 -- descriptors
        monkeypatch.setattr("sys.stdin", stdin)
        yield keyboard


def test_readings_go_and_what_tells_of_the_rest_stays(outbox: Commands, filled: Path) -> None:
    said = outbox("purge", "cloud", "--yes")

    assert kinds(filled) == ["status", "birth", "gap", "result"]
    assert said.out == "cloud: purged 2 readings\n"
    assert (said.code, query(filled, "SELECT count(*) FROM dead")) == (0, [(1,)])


def test_what_is_not_put_back_yet_is_left_to_the_daemon(outbox: Commands, filled: Path) -> None:
    back = filled.with_name(f"{filled.name}.put-back")
    filled.rename(back)
    said = outbox("purge", "cloud", "--yes")

    assert (said.code, "start the daemon first" in said.err) == (5, True)
    assert len(kinds(back)) == 6


def test_the_counters_follow(outbox: Commands, filled: Path) -> None:
    outbox("purge", "cloud", "--yes")
    partly = counters(filled)
    outbox("purge", "cloud", "--yes", "--everything")

    assert partly["rows"] == 4
    assert partly["bytes"] == 4 * (len(b'{"v":1}') + 64)
    assert counters(filled) == {"rows": 0, "bytes": 0}


def test_losses_are_noted_by_session_for_the_next_start_to_tell(outbox: Commands) -> None:
    older = [reading(number) for number in (4, 7)]
    for entry in older:
        entry.session = 5
        entry.id -= 1000
    path = fill(outbox.file(), [*older, reading(1), reading(2, "pump")])

    outbox("purge", "cloud", "--yes")

    assert query(path, "SELECT * FROM loss ORDER BY lost_session") == [
        ("purged", 5, "meter", 2, 4, 7, START_MS + 4000, START_MS + 7000),
        ("purged", SESSION, None, 2, 1, 2, START_MS + 1000, START_MS + 2000),
    ]
    assert query(path, "SELECT * FROM lost") == [("purged", 4)]


def test_losses_of_two_purges_are_told_as_one(outbox: Commands) -> None:
    path = fill(outbox.file(), [reading(3), reading(4)])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO loss VALUES ('purged', ?, 'pump', 5, NULL, 2, 1, 2)", (SESSION,))
        db.execute("INSERT INTO lost VALUES ('purged', 5)")

    outbox("purge", "cloud", "--yes")

    assert query(path, "SELECT * FROM loss") == [("purged", SESSION, None, 7, 3, 4, 1, START_MS + 4000)]
    assert query(path, "SELECT * FROM lost") == [("purged", 7)]


def test_what_a_purged_gap_has_told_is_told_again(outbox: Commands) -> None:
    body = {"session": SESSION, "reason": "full", "count": 7, "from": 1, "to": 9, "lost_session": 5}
    gap = json.dumps(body | {"first": "2025-11-23T09:01:03Z", "last": "2025-11-23T09:01:04Z"}).encode()
    path = fill(outbox.file(), [other(1, "gap", gap)])

    outbox("purge", "cloud", "--yes", "--everything")

    assert query(path, "SELECT reason, lost_session, count, first_seq, last_seq FROM loss ORDER BY reason") == [
        ("full", 5, 7, 1, 9),
        ("purged", SESSION, 1, 1, 1),
    ]
    assert query(path, "SELECT * FROM lost") == [("purged", 1)]


def test_a_purge_in_many_transactions_is_one_purge(outbox: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH_ROWS", 3)
    path = fill(outbox.file(), [reading(number) for number in range(1, 11)])

    outbox("purge", "cloud", "--yes")

    assert (kinds(path), query(path, "SELECT count FROM loss")) == ([], [(10,)])


def test_the_space_is_handed_back(outbox: Commands) -> None:
    path = fill(outbox.file(), [reading(number, values={"text": "x" * 4000}) for number in range(1, 1000)])
    before = path.stat().st_size

    outbox("purge", "cloud", "--yes")

    assert before > 4_000_000
    assert path.stat().st_size < 200_000
    assert sorted(file.name for file in outbox.state.iterdir()) == ["ballast", "lock", "outbox-cloud.db"]


def test_dead_letters_go_alone(outbox: Commands, filled: Path) -> None:
    said = outbox("purge", "cloud", "--yes", "--dead")

    assert said.out == "cloud: purged 1 dead letter\n"
    assert (len(kinds(filled)), query(filled, "SELECT count(*) FROM dead")) == (6, [(0,)])
    assert query(filled, "SELECT * FROM loss") == []


def test_everything_is_all_envelopes_and_what_was_set_aside(outbox: Commands, filled: Path) -> None:
    aside = outbox.state / "outbox-cloud.db.corrupt-20261123T174201Z"
    aside.write_bytes(bytes(100))
    aside.with_name(f"{aside.name}-wal").write_bytes(bytes(100))

    said = outbox("purge", "cloud", "--yes", "--everything", "--json")

    assert (said.json["envelopes"], said.json["dead"]) == (6, 1)
    assert said.json["files"] == [str(aside), f"{aside}-wal"]
    assert (kinds(filled), query(filled, "SELECT count(*) FROM dead")) == ([], [(0,)])
    assert not aside.exists()


def test_commands_that_were_claimed_stay_known(outbox: Commands, filled: Path) -> None:
    with closing(sqlite3.connect(filled)) as db, db:
        db.execute("INSERT INTO journal VALUES ('c-1', 'meter', 1, 2, x'7b7d', NULL)")

    outbox("purge", "cloud", "--yes", "--everything")

    assert query(filled, "SELECT id FROM journal") == [("c-1",)]


def test_everything_of_an_endpoint_that_left_the_configuration_is_its_files(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    fill(outbox.file("gone"), [reading(1)])
    outbox.config.write_text(SITE)

    outbox("purge", "gone", "--yes", "--everything")
    outbox("purge", "cloud", "--yes", "--everything")

    assert sorted(file.name for file in outbox.state.iterdir()) == ["ballast", "lock", "outbox-cloud.db"]


def test_nothing_goes_while_a_daemon_runs(outbox: Commands, filled: Path) -> None:
    with owned(outbox.state):
        said = outbox("purge", "cloud", "--yes")

    assert (said.code, len(kinds(filled))) == (8, 6)
    assert "stop the service first (systemctl stop fieldgate)" in said.err


def test_a_person_is_asked(outbox: Commands, filled: Path, terminal: Any) -> None:
    terminal.write("n\n")
    terminal.flush()
    refused = outbox("purge", "cloud")
    kept = len(kinds(filled))
    terminal.write("y\n")
    terminal.flush()
    done = outbox("purge", "cloud")

    assert "cloud: this would go for good: 2 readings" in refused.err
    assert (refused.code, kept) == (8, 6)
    assert (done.code, len(kinds(filled))) == (0, 4)


def test_without_a_terminal_it_must_be_meant(outbox: Commands, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        said = outbox("purge", "cloud")

    assert (said.code, len(kinds(filled))) == (2, 6)
    assert "say --yes" in said.err


def test_a_damaged_file_is_left_to_the_daemon(outbox: Commands) -> None:
    outbox.file().write_bytes(b"no database at all" * 500)

    said = outbox("purge", "cloud", "--yes")

    assert said.code == 5
    assert "start the daemon first: it rescues what is damaged" in said.err


@pytest.mark.parametrize("arguments", [("clowd",), ("cloud", "--dead", "--everything"), ()])
def test_what_is_not_meant_is_a_matter_of_usage(outbox: Commands, filled: Path, arguments: tuple[str, ...]) -> None:
    assert outbox("purge", *arguments, "--yes").code == 2
    assert len(kinds(filled)) == 6


def test_nothing_to_purge_is_no_error(outbox: Commands) -> None:
    fill(outbox.file())

    said = outbox("purge", "cloud", "--yes")

    assert (said.code, said.out) == (0, "cloud: there is nothing to purge\n")


@pytest.mark.root
def test_a_lock_that_root_has_made_is_the_daemons_to_take(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    os.chown(tmp_path, 65534, 65534)

    with owned(tmp_path):
        pass

    assert (tmp_path / "lock").stat().st_uid == 65534


@pytest.fixture
def killed(outbox: Commands, tmp_path: Path) -> Path:
    """What a daemon leaves that was killed: ten transactions in the log alone; returns the log."""
    used = fill(tmp_path / "used.db", [reading(1)], dead=[reading(9)])
    with closing(sqlite3.connect(used, isolation_level=None)) as writer:
        for number in range(10):
            writer.execute("INSERT INTO meta VALUES (?, 1)", (f"written-{number}",))
        for end in ("", "-wal", "-shm"):
            Path(f"{outbox.file()}{end}").write_bytes(Path(f"{used}{end}").read_bytes())
    return Path(f"{outbox.file()}-wal")


def flip(log: Path, at: int) -> None:
    data = bytearray(log.read_bytes())
    data[at] ^= 4
    log.write_bytes(data)


@pytest.mark.parametrize("what", ["--dead", "--everything"])
@pytest.mark.parametrize("at", [8, 40, 20_000, -1], ids=["header", "first-frame", "middle", "end"])
def test_a_damaged_log_is_left_to_the_daemon(outbox: Commands, killed: Path, at: int, what: str) -> None:
    flip(killed, at)
    before = outbox.file().read_bytes(), killed.read_bytes()

    said = outbox("purge", "cloud", "--yes", what)

    assert said.code == 5
    assert "its log is damaged; start the daemon first: it rescues what is damaged" in said.err
    assert (outbox.file().read_bytes(), killed.read_bytes()) == before


def test_a_sound_log_that_was_left_behind_is_in_nobodys_way(outbox: Commands, killed: Path) -> None:
    assert killed.stat().st_size > 40_000

    assert outbox("purge", "cloud", "--yes", "--dead").code == 0

    assert query(outbox.file(), "SELECT count(*) FROM meta WHERE key LIKE 'written-%'") == [(10,)]
    assert query(outbox.file(), "SELECT count(*) FROM dead") == [(0,)]
