"""`fieldgate outbox export` and `dead`: what is kept, for other programs."""

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from gateway.model import Bad, BadReason
from gateway.outbox.visit import letters, visit
from tests.cli.outboxes import SESSION, Commands, Said, fill, other, reading
from tests.support.repo import ROOT


def seqs(said: Said) -> list[int]:
    return [json.loads(line)["seq"] for line in said.out.splitlines()]


def tear(path: Path, seq: int, payload: bytes = b'{"v":1}') -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE envelope SET payload = ? WHERE seq = ?", (payload, seq))


def test_json_lines_are_the_envelopes_themselves_oldest_first(outbox: Commands) -> None:
    entries = [reading(2), other(3, "status"), reading(1)]
    fill(outbox.file(), entries)

    said = outbox("export", "cloud")

    assert said.out.encode().splitlines() == [entries[2].payload, entries[0].payload, entries[1].payload]
    assert (said.code, said.err) == (0, "")


def test_csv_has_a_row_per_value_and_says_what_it_leaves_out(outbox: Commands) -> None:
    values = {"temp": 71.50, "on": True, "text": 'a "quoted", one', "big": 2**63 - 1}
    bad = {"level": Bad(BadReason.TIMEOUT), "flow": Bad(BadReason.OUT_OF_RANGE, 151.2)}
    fill(outbox.file(), [reading(1, values=values, bad=bad), other(2, "gap")])

    said = outbox("export", "--format", "csv")

    head, *rows = csv.reader(io.StringIO(said.out))
    assert head == ["time", "device", "point", "value", "quality", "session", "seq", "kind", "clock"]
    assert {(row[2], row[3], row[4]) for row in rows} == {
        ("temp", "71.5", "good"),
        ("on", "true", "good"),
        ("text", 'a "quoted", one', "good"),
        ("big", "9223372036854775807", "good"),
        ("level", "", "timeout"),
        ("flow", "151.2", "out-of-range"),
    }
    assert {(row[0], row[1], *row[5:]) for row in rows} == {
        ("2025-11-23T09:01:03.000Z", "meter", str(SESSION), "1", "reading", "")
    }
    assert "readings only: 1 other envelope left out" in said.err
    assert said.code == 0


def test_events_are_exported_as_they_are_and_in_csv_as_the_envelopes_in_them(outbox: Commands) -> None:
    bad = {"level": Bad(BadReason.TIMEOUT)}
    event = reading(2, bad=bad, form="cloudevents")
    fill(outbox.file(), [reading(1), event])

    lines, rows = outbox("export").out.splitlines(), outbox("export", "--format", "csv").out.splitlines()

    assert lines[1].encode() == event.payload
    assert rows[1:] == [
        "2025-11-23T09:01:03.000Z,meter,count,1,good,1763888462,1,reading,",
        "2025-11-23T09:01:04.000Z,meter,count,2,good,1763888462,2,reading,",
        "2025-11-23T09:01:04.000Z,meter,level,,timeout,1763888462,2,reading,",
    ]


def test_rows_that_are_not_as_they_were_written_are_left_out_and_counted(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1), reading(2), reading(3)])
    tear(outbox.file(), 2)

    lines = outbox("export")
    rows = outbox("export", "--format", "csv")

    assert (seqs(lines), len(rows.out.splitlines())) == ([1, 3], 3)
    assert (lines.code, rows.code) == (5, 5)
    assert "1 damaged row left out" in lines.err


def test_text_that_is_no_text_any_more_spoils_its_row_alone(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1), reading(2)])
    with closing(sqlite3.connect(outbox.file())) as db, db:
        db.execute("UPDATE envelope SET device = CAST(x'ff' AS TEXT) WHERE seq = 1")

    assert seqs(outbox("export")) == [2]


def test_rows_from_before_the_whole_row_was_sealed_are_judged_by_their_payload(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1), reading(2)])
    with closing(sqlite3.connect(outbox.file())) as db, db:
        db.create_function("crc", 1, zlib.crc32)
        db.execute("UPDATE envelope SET crc = crc(payload) WHERE seq = 1")
        db.execute("UPDATE meta SET value = (SELECT min(id) + 1 FROM envelope) WHERE key = 'sealed_from'")

    assert seqs(outbox("export")) == [1, 2]


@pytest.mark.parametrize(("only", "expected"), [
    (("--device", "pump"), [3]),
    (("--since", "2025-11-23T09:01:04"), [2, 3]),
    (("--since", "2025-11-23T10:01:04+01:00"), [2, 3]),
    (("--until", "2025-11-23T09:01:04Z"), [1]),
    (("--since", "2025-11-23T09:01:04", "--until", "2025-11-23T09:01:05"), [2]),
    (("--since", "1s"), []),
])  # fmt: skip
def test_a_part_can_be_asked_for(outbox: Commands, only: tuple[str, ...], expected: list[int]) -> None:
    fill(outbox.file(), [reading(1), reading(2), reading(3, "pump")])

    assert seqs(outbox("export", *only)) == expected


def test_many_rows_are_read_in_short_looks_and_none_is_lost_between_them(
    outbox: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "LOOK_ROWS", 3)
    fill(outbox.file(), [reading(number) for number in range(1, 11)])

    assert seqs(outbox("export")) == [*range(1, 11)]


def test_a_look_ends_when_it_has_read_enough_bytes(outbox: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "LOOK_BYTES", 1)
    fill(outbox.file(), [reading(1), reading(2)])

    sizes = [len(bundle.letters) for bundle in letters.bundles(outbox.file(), dead=False)]

    assert sizes == [1, 1]


def test_an_export_that_is_slow_does_not_hold_a_writers_log(outbox: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "LOOK_ROWS", 1)
    fill(outbox.file(), [reading(1), reading(2)])
    export = letters.bundles(outbox.file(), dead=False)
    next(export)
    with closing(sqlite3.connect(outbox.file(), isolation_level=None)) as writer:
        for _ in range(40):
            writer.execute("UPDATE envelope SET payload = zeroblob(1000000) WHERE seq = 2")
        log_bytes = outbox.file().with_name("outbox-cloud.db-wal").stat().st_size

    assert log_bytes < 8_000_000
    assert next(export).torn == 1


def test_a_file_is_there_only_once_it_is_complete(outbox: Commands, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("before")
    fill(outbox.file(), [reading(1)])
    outbox.file("broken").write_bytes(b"no database at all" * 500)

    failed = outbox("export", "--all", "-o", target)
    kept = target.read_text()
    done = outbox("export", "cloud", "-o", target)

    assert (failed.code, kept) == (5, "before")
    assert f"{target} is not written" in failed.err
    assert target.read_bytes() == reading(1).payload + b"\n"
    assert (done.code, done.out, done.err) == (0, "", f"fieldgate: {target}: 1 envelope\n")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_a_new_file_has_the_permissions_that_any_other_has(outbox: Commands, tmp_path: Path) -> None:
    fill(outbox.file(), [reading(1)])
    (tmp_path / "other").touch()

    outbox("export", "-o", tmp_path / "out")

    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_pipe_is_written_as_it_is(outbox: Commands, tmp_path: Path) -> None:
    fill(outbox.file(), [reading(1)])
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outbox("export", "-o", pipe)
        assert os.read(reader, 10_000) == reading(1).payload + b"\n"
    finally:
        os.close(reader)


def test_all_outboxes_can_be_asked_for(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    fill(outbox.file("hub"), [reading(2)])

    assert seqs(outbox("export", "--all")) == [1, 2]
    assert outbox("export").code == outbox("export", "hub", "--all").code == 2


@pytest.fixture
def aside(outbox: Commands, tmp_path: Path) -> Path:
    """A file that was set aside: one row, which its log has deleted."""
    fill(outbox.file(), [reading(1)])
    aside = tmp_path / "outbox-cloud.db.corrupt-20261123T174201Z"
    with closing(sqlite3.connect(outbox.file(), isolation_level=None)) as writer:
        writer.execute("INSERT INTO envelope SELECT * FROM envelope WHERE 0")
        writer.execute("DELETE FROM envelope")
        for end in ("", "-wal"):
            Path(f"{aside}{end}").write_bytes(Path(f"{outbox.file()}{end}").read_bytes())
    return aside


def test_a_file_set_aside_is_exported_with_its_log(outbox: Commands, tmp_path: Path, aside: Path) -> None:
    alone = outbox("export", aside)
    Path(f"{aside}-wal").unlink()
    without = outbox("export", aside)

    assert (seqs(alone), seqs(without)) == ([], [1])
    assert sorted(path.name for path in tmp_path.glob("outbox-*")) == [aside.name]


@pytest.mark.parametrize("options", [(), ("-o", "elsewhere/waiting.jsonl")])
def test_a_copy_is_made_on_disk_and_goes(
    outbox: Commands, tmp_path: Path, aside: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    (tmp_path / "elsewhere").mkdir()
    before = {*tmp_path.iterdir()}

    assert outbox("export", aside, *options).code == 0

    assert {*tmp_path.iterdir()} == before
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["waiting.jsonl"] * bool(options)


def test_a_copy_for_which_there_is_no_room_is_not_begun(
    outbox: Commands, tmp_path: Path, aside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "SPARE_BYTES", 1 << 62)

    said = outbox("export", aside, "-o", tmp_path / "waiting.jsonl")

    assert said.code == 2
    assert "there is no room for 0 MiB: write with -o to a disk that has it" in said.err
    assert not (tmp_path / "waiting.jsonl").exists()


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("--since", "yesterday"), 2, "'yesterday' is no time"),
    (("./nothing.db",), 5, "there is no such file"),
    (("-o", "nowhere/out"), 2, "can't write"),
    (("--format", "xml"), 2, "xml"),
])  # fmt: skip
def test_what_can_not_be_done_is_said(outbox: Commands, arguments: tuple[str, ...], code: int, said: str) -> None:
    fill(outbox.file(), [reading(1)])

    answer = outbox("export", *arguments)

    assert (answer.code, said in answer.err) == (code, True)


def test_a_reader_that_has_seen_enough_is_no_crash(outbox: Commands) -> None:
    fill(outbox.file(), [reading(number) for number in range(1, 3000)])
    command = f"{sys.executable} -m gateway.cli outbox export --state-dir {outbox.state} | head -1"

    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (ended.stdout.count("\n"), ended.stderr) == (1, "")


def test_dead_letters_are_listed_with_why_they_were_refused(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)], dead=[reading(2)])

    people, machines = outbox("dead"), outbox("dead", "--json").json

    assert "meter  reading" in people.out
    assert "code 149: packet too large" in people.out
    [letter] = machines["dead"]
    assert (letter["seq"], letter["device"], letter["kind"], letter["code"]) == (2, "meter", "reading", 149)
    assert (letter["time"], letter["reason"]) == ("2025-11-23T09:01:04.000Z", "packet too large")


def test_dead_letters_can_be_exported(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)], dead=[reading(2)])

    assert seqs(outbox("export", "--dead")) == [2]


def test_no_dead_letters_are_a_sentence(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])

    assert outbox("dead").out == "cloud: nothing was refused for good\n"
