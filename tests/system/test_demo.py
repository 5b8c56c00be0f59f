"""scripts/demo as a user runs it, without the bash that only prepares the virtual environment."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.lib.demo.processes import best_broker
from tests.support.repo import ROOT

FLOW = re.compile(r"/reading .*flow_temp (\d+\.?\d*) °C")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts it; everything it starts keeps its files below `tmp_path`."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.lib.demo.main", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def left_running(folder: Path) -> list[str]:
    """Command lines that name the folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if os.fsencode(folder) in line:
            found.append(line.decode(errors="replace"))
    return found


@pytest.mark.parametrize("broker", [pytest.param("mosquitto", marks=pytest.mark.slow), "amqtt"])
def test_it_shows_readings_commands_and_their_effect_and_ends(
    demo: Callable[..., subprocess.Popen[str]], tmp_path: Path, broker: str
) -> None:
    process = demo("--broker", broker, "--seconds", "12")

    out, _ = process.communicate(timeout=40)

    assert process.returncode == 0, out
    lines = out.splitlines()
    assert "simulated boiler" in lines[0]
    assert broker in lines[0]
    result = next((n for n, line in enumerate(lines) if "/result" in line), None)
    assert result is not None, out
    assert "demo-1 done, setpoint 60.0 °C" in lines[result]
    before = [float(found[1]) for line in lines[:result] if (found := FLOW.search(line))]
    after = [float(found[1]) for line in lines[result:] if (found := FLOW.search(line))]
    assert after[-1] > max(before) + 1
    assert any("/freezer/reading" in line and "temperature -" in line for line in lines)
    assert "demo-2 done" in out
    told = next(n for n, line in enumerate(lines) if "/door/command" in line)
    door = [line.partition("locked ")[2] for line in lines[told:] if "/door/reading" in line and "locked" in line]
    assert door == ["false", "true"]
    assert "Traceback" not in out
    assert left_running(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_everything_it_started(
    demo: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    process = demo()
    assert process.stdout is not None
    assert any("/reading" in line for line in iter(process.stdout.readline, ""))

    process.send_signal(number)
    out, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "Everything has been stopped." in out
    assert "Traceback" not in out
    assert left_running(tmp_path) == []


def test_without_mosquitto_it_takes_the_embedded_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert shutil.which("mosquitto") is None
    assert best_broker() == "amqtt"
