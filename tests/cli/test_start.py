"""The daemon's way in is short: neither typer nor rich is imported on it, and of far ends only what these need."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway import cli
from tests.support.repo import ROOT

VERB = """
import sys
from gateway.cli import dispatch
try:
    dispatch(sys.argv[1:])
except SystemExit:
    pass
"""

TELL = """
import sys
print("\\nimported:", *sorted({name.partition(".")[0] for name, module in sys.modules.items() if module}))
"""


def imported_by(folder: Path, program: str, *arguments: str) -> set[str]:
    """The packages that a process of its own has imported at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", program + TELL, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(ended.stdout.rpartition("imported:")[2].split())
    assert "gateway" in imported
    return imported


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        *(pytest.param(each, marks=pytest.mark.slow) for each in (["-V"], ["run", "--help"])),
        ["run", "-c", "/nonexistent.yaml"],
    ],
)
def test_neither_run_nor_version_imports_typer_or_rich(arguments: list[str], tmp_path: Path) -> None:
    assert not {"typer", "rich"} & imported_by(tmp_path, VERB, *arguments)


def test_a_broker_without_tls_and_websocket_needs_neither_of_their_libraries(tmp_path: Path) -> None:
    assert not {"websockets", "cryptography"} & imported_by(tmp_path, "from gateway.endpoints.mqtt import MqttEndpoint")


def test_a_verb_is_run_with_what_follows_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["explain", "E110"]) == 0
    assert capsys.readouterr().out.startswith("E110: ")


def test_an_interrupt_is_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.verbs.invoke", interrupted)

    assert cli.dispatch(["check"]) == 130
