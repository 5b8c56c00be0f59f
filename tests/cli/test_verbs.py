"""The command line as scripts see it: exit codes, and what goes where."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import __version__
from gateway.config.codes import CODES
from tests.support.repo import ROOT

GOOD = """version: 1
gateway: {id: mill-3}
endpoints: {cloud: {type: mqtt, url: "mqtt://broker.example"}}
links: {plc: {adapter: modbus, host: 10.0.0.1}}
devices: {boiler: {link: plc, points: {temp: {type: int16, address: 1}}}}
"""
WARNED = GOOD + "log:\n" + "include: ['*.nothing']\n"
BROKEN = GOOD.replace("host", "hots")


def fieldgate(*arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", **environ}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("gateway", GOOD), ("warned", WARNED), ("broken", BROKEN)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(("arguments", "code"), [
    ((), 0), (("--help",), 0), (("check", "--help"), 0), (("--version",), 0), (("version",), 0),
    (("check",), 0), (("check", "warned.yaml"), 0), (("check", "warned.yaml", "--strict"), 3),
    (("check", "broken.yaml"), 3), (("check", "missing.yaml"), 3), (("check", "broken.yaml", "--json"), 3),
    (("check", "--nonsense"), 2), (("check", "a", "b"), 2), (("--nonsense",), 2), (("chekc",), 2),
    (("schema",), 0), (("schema", "--write"), 0), (("schema", "nowhere/gateway.yaml", "--write"), 2),
    (("explain", "E104"), 0), (("explain", "e104"), 0), (("explain",), 0), (("explain", "E999"), 2),
    (("run", "--nonsense"), 2), (("run", "-c", "broken.yaml"), 3),
])  # fmt: skip
def test_the_exit_code_says_how_it_ended(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    ended = fieldgate(*arguments, cwd=folder)

    assert (ended.returncode, "Traceback" in ended.stderr) == (code, False)


def test_check_writes_results_to_stdout_and_diagnostics_to_stderr(folder: Path) -> None:
    good = fieldgate("check", cwd=folder)
    warned = fieldgate("check", "warned.yaml", cwd=folder)
    broken = fieldgate("check", "broken.yaml", cwd=folder)

    assert good.stdout.splitlines()[0] == "gateway.yaml: ok: 1 endpoint, 1 link, 1 device, 1 point"
    assert good.stderr == ""
    assert warned.stdout.splitlines()[0].startswith("warned.yaml: ok with 1 warning: ")
    assert warned.stderr.startswith("warned.yaml:7:11: warning[W204]: ")
    assert broken.stdout == "broken.yaml: 1 error\n"
    assert broken.stderr.startswith("broken.yaml:4:32: error[E104]: unknown key 'hots' - did you mean 'host'?\n")


def test_check_prints_how_devices_will_be_polled(folder: Path) -> None:
    assert "\nplc:\n  device  every " in fieldgate("check", cwd=folder).stdout


def test_check_as_json_is_one_document_and_nothing_else(folder: Path) -> None:
    good = fieldgate("check", "--json", cwd=folder)
    broken = fieldgate("check", "broken.yaml", "--json", cwd=folder)

    document = json.loads(good.stdout)
    assert (document["schema"], document["ok"], document["summary"]["points"]) == (1, True, 1)
    assert good.stderr == broken.stderr == ""
    [diagnostic] = json.loads(broken.stdout)["diagnostics"]
    assert [diagnostic[key] for key in ("code", "line", "column", "end_column")] == ["E104", 4, 32, 36]


def test_an_unknown_verb_is_answered_with_the_nearest(folder: Path) -> None:
    assert "no verb 'chekc' - did you mean 'check'?" in fieldgate("chekc", cwd=folder).stderr


def test_schema_writes_beside_the_configuration_and_says_how_to_use_it(folder: Path) -> None:
    ended = fieldgate("schema", "--write", str(folder / "gateway.yaml"))

    written = json.loads((folder / ".fieldgate.schema.json").read_text())
    assert "# yaml-language-server: $schema=./.fieldgate.schema.json" in ended.stdout
    assert json.loads(fieldgate("schema").stdout) == written


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    assert CODES[code].title
    assert CODES[code].explanation.endswith((".", ")"))


def test_explain_says_what_a_code_means() -> None:
    document = json.loads(fieldgate("explain", "W203", "--json").stdout)

    assert list(document["codes"]) == ["W203"]
    assert fieldgate("explain", "W203").stdout.startswith("W203: a secret stands in the configuration\n\n")


def test_version_says_what_is_installed() -> None:
    assert fieldgate("--version").stdout == f"fieldgate {__version__}\n"
    assert json.loads(fieldgate("version", "--json").stdout)["adapters"] == ["modbus", "serial"]


def test_an_interrupted_pipe_is_no_crash() -> None:
    command = f"{sys.executable} -m gateway.cli schema | head -c 10"
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "Traceback" not in ended.stderr
