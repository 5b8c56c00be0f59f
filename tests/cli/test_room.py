"""Whether the disk holds what the outboxes may become."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway import cli, plugins
from gateway.cli.room import shortage
from gateway.config import Diagnostic, load
from tests.cli.outboxes import fill, reading
from tests.support import disk as disks

MIB = 1024**2

CLOUD = '  cloud: {type: mqtt, url: "mqtt://a.example"%s}\n'
HUB = '  hub: {type: mqtt, url: "mqtt://b.example"%s}\n'
REST = """links: {plc: {adapter: modbus, host: 10.0.0.1}}
devices: {meter: {link: plc, points: {count: {type: int16, address: 1}}}}
"""


class Disk(NamedTuple):
    """What `statvfs` says of a disk with so much room."""

    f_bavail: int
    f_frsize: int = MIB


def warned(folder: Path, *endpoints: str, common: str = "") -> Diagnostic | None:
    """What is said of a site whose state is in `folder`."""
    path = folder / "gateway.yaml"
    path.write_text(f"version: 1\ngateway: {{id: gw}}\n{common}endpoints:\n{''.join(endpoints)}{REST}")
    return next(iter(shortage(load(path, plugins.catalog(), {}), folder / "state")), None)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are 100 MiB, wherever one asks."""
    monkeypatch.setattr("os.statvfs", lambda _path: Disk(100))


@pytest.mark.parametrize(("own", "common", "place"), [
    (", outbox: {max_size: 101MiB}", "outbox: {max_size: 8MiB}\n", (5, 67)),
    ("", "outbox: {max_size: 101MiB}\n", (3, 20)),
    (", outbox: {max_age: 1d}", "outbox: {max_size: 101MiB}\n", (3, 20)),
    ("", "", (4, 3)),
])  # fmt: skip
def test_the_warning_stands_where_the_limit_does(
    disk: None, tmp_path: Path, own: str, common: str, place: tuple[int, int]
) -> None:
    found = warned(tmp_path, CLOUD % own, common=common)

    assert found is not None
    assert (found.code, (found.place.line, found.place.column)) == ("W206", place)


def test_limits_that_just_fit_are_no_reason(disk: None, tmp_path: Path) -> None:
    assert warned(tmp_path, CLOUD % ", outbox: {max_size: 60MiB}", HUB % ", outbox: {max_size: 40MiB}") is None


def test_all_outboxes_share_the_disk_and_the_largest_is_shown(disk: None, tmp_path: Path) -> None:
    found = warned(tmp_path, CLOUD % ", outbox: {max_size: 41MiB}", HUB % ", outbox: {max_size: 60MiB}")

    assert found is not None
    assert found.place.line == 5
    assert "the outboxes may become 101 MiB (cloud 41 MiB, hub 60 MiB)" in found.message
    assert f"{tmp_path}/state has only 100 MiB for them" in found.message


def test_what_an_outbox_has_taken_already_is_room_for_it(disk: None, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    fill(tmp_path / "state" / "outbox-cloud.db", [reading(1, values={"text": "x" * 2 * MIB})])

    assert warned(tmp_path, CLOUD % ", outbox: {max_size: 102MiB}") is None


def test_a_secret_beside_the_limit_is_not_shown(disk: None, tmp_path: Path) -> None:
    found = warned(tmp_path, CLOUD % ", username: u, password: hidden, outbox: {max_size: 101MiB}")

    assert found is not None
    assert "101MiB" in found.render()
    assert "hidden" not in found.render()


def test_a_site_without_endpoints_needs_no_room(disk: None, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"version: 1\ngateway: {{id: gw}}\n{REST}")

    assert shortage(load(path, plugins.catalog(), {}), tmp_path) == ()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MiB."""
    with disks.small_disk(tmp_path / "small", "4m") as folder:
        yield folder


@pytest.mark.root
def test_check_warns_of_a_disk_that_is_too_small_and_fails_only_if_asked(
    small_disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(f"version: 1\ngateway: {{id: gw}}\nendpoints:\n{CLOUD % ', outbox: {max_size: 8MiB}'}{REST}")
    arguments = ["check", str(path), "--state-dir", str(small_disk / "not" / "made" / "yet")]

    passed, told = cli.dispatch(arguments), capsys.readouterr()
    failed = cli.dispatch([*arguments, "--strict", "--json"])

    assert (passed, failed) == (0, 3)
    assert "warning[W206]: the outbox may become 8 MiB, but " in told.err
    assert "has only 4 MiB for them - lower max_size or make room" in told.err
    assert [each["code"] for each in json.loads(capsys.readouterr().out)["diagnostics"]] == ["W206"]
