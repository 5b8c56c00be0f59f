"""Starts that can't be: each says why, and in its exit code."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from tests.support.daemon import FIELDGATE, Daemon
from tests.support.device import Device
from tests.support.envelopes import says
from tests.support.line import Line
from tests.support.site import counting, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

NOWHERE = counting("mqtt://127.0.0.1:1", 1)


def run(folder: Path, config: str, *before: str, state: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail at once."""
    path = folder / "gateway.yaml"
    path.write_text(config)
    command: Sequence[str | Path] = [
        *before,
        FIELDGATE,
        "run",
        "-c",
        path,
        "--state-dir",
        state or folder / "state",
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_a_wrong_configuration_is_shown_where_it_is_wrong(tmp_path: Path) -> None:
    ended = run(tmp_path, "version: 1\ngateway: {id: gw}\nlinks:\n  plc: {adapter: modbos, host: localhost}\n")

    assert ended.returncode == 3
    assert "gateway.yaml:4:18: error[" in ended.stderr
    assert "modbus" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "state").exists()


def test_a_missing_configuration_is_a_configuration_error(tmp_path: Path) -> None:
    command: Sequence[str | Path] = [FIELDGATE, "run", "-c", tmp_path / "none.yaml", "--state-dir", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 3
    assert "none.yaml" in ended.stderr


def test_an_outbox_that_can_not_be_opened_ends_the_process_though_another_is_open(tmp_path: Path) -> None:
    cloud = {"type": "mqtt", "url": "mqtt://127.0.0.1:1"}
    second = {**cloud, "url": "mqtt://127.0.0.1:2"}
    config = yaml.safe_dump({**yaml.safe_load(site(cloud, {}, {})), "endpoints": {"cloud": cloud, "second": second}})
    (tmp_path / "state" / "outbox-second.db").mkdir(parents=True)
    ended = run(tmp_path, config)

    assert ended.returncode == 1
    assert "outbox-second.db" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    ended = subprocess.run([FIELDGATE, "run", "--fast"], capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 2
    assert "--fast" in ended.stderr


def test_a_second_daemon_on_the_same_state_is_refused_and_the_first_goes_on(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber, tmp_path: Path
) -> None:
    daemon = make_daemon(counting(line.url, meter.port))
    daemon.start()
    subscriber.wait_for(says(2))

    second = run(tmp_path, counting(line.url, meter.port), state=daemon.state_dir)

    assert second.returncode not in {0, 3}
    assert "another fieldgate runs on" in second.stderr
    assert "Traceback" not in second.stderr
    subscriber.wait_for(says(len(meter.queries) + 2))


def test_a_state_directory_that_may_not_be_written_is_a_permission_error(tmp_path: Path) -> None:
    state = tmp_path / "locked"
    state.mkdir(mode=0o500)
    as_nobody: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and without setpriv it can't give that up")
        as_nobody = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        os.chown(state, 65534, 65534)

    ended = run(tmp_path, NOWHERE, *as_nobody, state=state)

    assert ended.returncode == 7, ended.stderr
    assert str(state) in ended.stderr
    assert "--state-dir" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_directory_that_is_a_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")

    ended = run(tmp_path, NOWHERE)

    assert ended.returncode not in {0, 3}
    assert str(tmp_path / "state") in ended.stderr
    assert "Traceback" not in ended.stderr


def test_away_from_a_terminal_every_line_of_the_log_is_json_with_time_and_level(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, log={"level": "debug"}))
    daemon.start()
    subscriber.wait_for(says(2))
    line.stop()
    daemon.wait_for("down")
    daemon.terminate()

    assert len(daemon.log) == len(daemon.lines)
    assert {"event", "level", "timestamp"} <= set.intersection(*(set(event) for event in daemon.log))
    assert all(datetime.fromisoformat(event["timestamp"]).utcoffset() is not None for event in daemon.log)
