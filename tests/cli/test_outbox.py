"""`fieldgate outbox` reads the files themselves, and leaves them as they were."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway import cli
from tests.cli.outboxes import SESSION, Commands, fill, other, reading
from tests.support.nobody import as_nobody

STAMP = "20261123T174201Z"

SITE = """version: 1
gateway: {id: gw}
outbox: {max_size: 4MiB}
endpoints: {cloud: {type: mqtt, url: "mqtt://broker.example"}}
links: {plc: {adapter: modbus, host: 10.0.0.1}}
devices: {meter: {link: plc, points: {count: {type: int16, address: 1}}}}
"""


def write(path: Path, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(sql, parameters)


WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("UPDATE meta SET value = 41 WHERE key = 'rows'")
print("written", flush=True)
sys.stdin.read()
"""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Another process has the file open, and has noted in its log that 41 rows wait; then it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def public(capsys: pytest.CaptureFixture[str]) -> Iterator[Commands]:
    """On a state directory that everybody may look into; pytest's own folders are private."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Commands(Path(folder), capsys)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_it_tells_how_much_waits_and_since_when(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1), reading(2), other(3, "status")])

    standing = outbox.standing()

    assert (standing["endpoint"], standing["waiting"], standing["readings"]) == ("cloud", 3, 2)
    assert standing["oldest_ms"] == SESSION * 1000 + 1000
    assert standing["bytes"] == outbox.file().stat().st_size


def test_it_tells_people_the_same_in_a_few_lines(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1), reading(2), other(3, "status")], dead=[reading(4)])
    write(outbox.file(), "INSERT INTO lost VALUES ('full', 12)")
    write(
        outbox.file(),
        "INSERT INTO loss VALUES ('full', 1, NULL, 2, 1, 2, 1, 1), ('corrupt', 1, NULL, NULL, 1, 2, 1, 1)",
    )
    outbox.config.write_text(SITE)

    said = outbox("--no-rates")

    head, *rest = said.out.splitlines()
    assert head.startswith("cloud: 3 waiting (2 readings), the oldest for ")
    assert [line.split(maxsplit=1)[0] for line in rest] == ["on", "lost", "not", "refused"]
    assert " of 4 MiB (" in said.out
    assert "12 full since the file was made" in said.out
    assert "an unknown number corrupt, 2 full: a gap will say so" in said.out
    assert "1 envelope for good: `fieldgate outbox dead cloud`" in said.out
    assert said.code == 0


def test_it_tells_losses_of_which_nobody_can_tell_how_many(outbox: Commands) -> None:
    fill(outbox.file())
    write(outbox.file(), "INSERT INTO lost VALUES ('expired', 7)")
    write(
        outbox.file(),
        "INSERT INTO loss VALUES ('corrupt', 1, NULL, NULL, 1, 2, 1, 1), ('corrupt', 2, NULL, 3, 1, 2, 1, 1)",
    )

    standing = outbox.standing()

    assert (standing["lost"], standing["untold"]) == ({"expired": 7}, {"corrupt": None})


def test_it_leaves_no_trace_beside_a_file_that_nobody_has_open(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    before = snapshot(outbox.state)

    outbox("--no-rates")

    assert snapshot(outbox.state) == before


def test_it_reads_beside_a_writer_what_has_only_got_into_the_log(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])

    with writing(outbox.file()):
        before = snapshot(outbox.state)
        standing = outbox.standing()
        after = snapshot(outbox.state)

    assert standing["waiting"] == 41
    assert standing["bytes"] > outbox.file().stat().st_size
    assert {**after, "outbox-cloud.db-shm": None} == {**before, "outbox-cloud.db-shm": None}


def test_it_reads_the_log_that_a_killed_daemon_has_left(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    with writing(outbox.file()):
        pass
    before = snapshot(outbox.state)

    assert outbox.standing()["waiting"] == 41
    assert snapshot(outbox.state) == before


def test_a_log_without_its_index_is_said_and_not_repaired(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    outbox.file().with_name("outbox-cloud.db-wal").write_bytes(b"log")
    before = snapshot(outbox.state)

    said = outbox("--no-rates")

    assert "its log has no index (outbox-cloud.db-shm)" in said.out
    assert (said.code, snapshot(outbox.state)) == (5, before)


def test_a_damaged_file_is_told_in_its_line_and_the_others_are_shown(outbox: Commands) -> None:
    outbox.file("broken").write_bytes(b"no database at all" * 500)
    fill(outbox.file(), [reading(1)])

    said = outbox("--no-rates")

    assert "broken: can't be read: damaged: file is not a database" in said.out
    assert "cloud: 1 waiting" in said.out
    assert said.code == 5


@pytest.mark.parametrize("seed", range(30))
def test_damage_anywhere_is_a_sentence_and_never_a_crash(outbox: Commands, seed: int) -> None:
    path = fill(outbox.file(), [reading(number) for number in range(1, 60)], dead=[reading(99)])
    content, chance = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(20):
        at = chance.randrange(100, len(content) - 200)
        content[at : at + 200] = chance.choice((bytes(200), chance.randbytes(200)))
    path.write_bytes(content)

    said = [outbox("--no-rates"), outbox("export"), outbox("dead")]

    assert {each.code for each in said} <= {0, 5}


def test_a_file_without_its_settings_is_damaged(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    write(outbox.file(), "DELETE FROM meta")

    assert "cloud: can't be read: damaged" in outbox("--no-rates").out
    assert outbox("export").code == 5


def test_a_file_of_a_newer_version_is_told_in_its_line(outbox: Commands) -> None:
    fill(outbox.file())
    write(outbox.file(), "PRAGMA user_version=99")

    assert "cloud: can't be read: from a newer fieldgate (schema 99" in outbox("--no-rates").out


def test_an_endpoint_without_a_file_and_one_that_left_are_shown_where_the_configuration_is_known(
    outbox: Commands,
) -> None:
    fill(outbox.file("gone"), [reading(1)])
    outbox.config.write_text(SITE)

    said = outbox("--no-rates")
    elsewhere = outbox("--no-rates", "-c", outbox.config)

    assert said.out.splitlines()[0] == "cloud: no file yet"
    assert "gone: 1 waiting (1 reading), the oldest" in said.out.replace("readings", "reading")
    assert said.out.count("[not in the configuration]") == 1
    assert "was: gone" in said.out
    assert elsewhere.out.splitlines()[0] == "cloud: no file yet"


def test_an_outbox_that_another_endpoint_will_go_on_with_is_not_called_removed(outbox: Commands) -> None:
    fill(outbox.file("old"), [reading(1)])
    outbox.config.write_text(SITE.replace("{cloud: {", "{cloud: {was: old, "))

    said = outbox("--no-rates").out

    assert "not in the configuration" not in said
    assert "'cloud' goes on with it at the next start" in said


def test_without_a_configuration_nothing_is_called_removed(outbox: Commands) -> None:
    fill(outbox.file("gone"), [reading(1)])

    assert outbox.standing()["in_configuration"] is None
    assert "not in the configuration" not in outbox("--no-rates").out


def test_a_broken_configuration_keeps_nobody_from_looking_unless_it_was_named(outbox: Commands) -> None:
    fill(outbox.file(), [reading(1)])
    outbox.config.write_text("version: 1\n")

    assert outbox("--no-rates").code == 0
    assert outbox("--no-rates", "-c", outbox.config).code == 3


@pytest.mark.parametrize(("note", "said"), [
    ({}, "not rescued yet"),
    ({"rescue-STAMP": 7, "missing-STAMP": 5}, "is being rescued, 5 of its envelopes not found yet"),
    ({"rescue-STAMP": -1, "missing-STAMP": 0}, "rescued; may be deleted"),
])  # fmt: skip
def test_a_file_set_aside_is_shown_with_its_rescue(outbox: Commands, note: dict[str, int], said: str) -> None:
    fill(outbox.file())
    for key, value in note.items():
        write(outbox.file(), "INSERT INTO meta VALUES (?, ?)", key.replace("STAMP", STAMP), value)
    (outbox.state / f"outbox-cloud.db.corrupt-{STAMP}").write_bytes(bytes(2048))

    assert f"outbox-cloud.db.corrupt-{STAMP} (2 KiB): {said}" in outbox("--no-rates").out


def test_a_file_that_was_rescued_is_shown_so_by_its_name(outbox: Commands) -> None:
    fill(outbox.file())
    name = f"outbox-cloud.db.corrupt-{STAMP}.rescued"
    (outbox.state / name).write_bytes(bytes(2048))

    assert f"{name} (2 KiB): rescued; may be deleted" in outbox("--no-rates").out
    assert outbox.standing()["set_aside"][0]["rescued"] is True


def test_rates_are_what_two_looks_differ_by(outbox: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(outbox.file(), [reading(number) for number in range(1, 11)])

    def meanwhile(_seconds: float) -> None:
        write(outbox.file(), "DELETE FROM envelope WHERE seq <= 4")
        write(outbox.file(), "UPDATE envelope SET id = id + 100 WHERE seq >= 9")
        write(outbox.file(), "UPDATE meta SET value = 6 WHERE key = 'rows'")

    monkeypatch.setattr("time.sleep", meanwhile)
    rates = outbox("--json").json["outboxes"][0]["rates"]

    assert rates["over_s"] >= 0
    assert rates["removed_per_s"] / rates["written_per_s"] == pytest.approx(3, rel=0.01)


def test_no_state_directory_is_no_error(outbox: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["outbox", "--state-dir", str(tmp_path / "nowhere")]) == 0
    assert "no outboxes in " in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("exprot",), 2, "did you mean 'export'?"),
    (("--no-rates", "export"), 2, "options belong behind 'export'"),
    (("dead", "clowd"), 2, "no outbox of 'clowd' - did you mean 'cloud'?"),
    (("dead",), 2, "which outbox? there are cloud, hub"),
])  # fmt: skip
def test_what_is_not_understood_is_answered_with_what_may_be_meant(
    outbox: Commands, arguments: tuple[str, ...], code: int, said: str
) -> None:
    fill(outbox.file())
    fill(outbox.file("hub"))

    answer = outbox(*arguments)

    assert (answer.code, said in answer.err) == (code, True)


def test_help_lists_what_is_below_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    cli.dispatch(["outbox", "--help"])
    said = capsys.readouterr().out

    assert all(word in said for word in ("export", "dead", "purge", "--no-rates", "--state-dir"))


@pytest.mark.root
def test_another_user_may_look_where_only_the_owner_may_write(public: Commands) -> None:
    fill(public.file(), [reading(1)])

    with writing(public.file()), as_nobody():
        waiting = public.standing()["waiting"]

    assert waiting == 41


@pytest.mark.root
def test_a_file_that_may_not_be_read_is_a_matter_of_permissions(public: Commands) -> None:
    fill(public.file(), [reading(1)]).chmod(0o600)

    with as_nobody():
        said = public("--no-rates")

    assert "cloud: can't be read: Permission denied; run as the user that owns it" in said.out
    assert said.code == 7
