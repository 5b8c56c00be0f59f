"""The command line as scripts see it: exit codes, and what goes where."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import __version__
from gateway.config.codes import CODES
from tests.cli.api import Verbs
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
    (("check",), 0), (("run", "-c", "broken.yaml"), 3),
    pytest.param(("check", "broken.yaml"), 3, marks=pytest.mark.slow),
    pytest.param(("--nonsense",), 2, marks=pytest.mark.slow),
    pytest.param(("run", "--nonsense"), 2, marks=pytest.mark.slow),
])  # fmt: skip
def test_a_process_ends_with_the_code_of_its_verb(folder: Path, arguments: tuple[str, ...], code: int) -> None:
    ended = fieldgate(*arguments, cwd=folder)

    assert (ended.returncode, "Traceback" in ended.stderr) == (code, False)


@pytest.mark.parametrize(("arguments", "code"), [
    ((), 0), (("--help",), 0), (("check", "--help"), 0), (("--version",), 0), (("version",), 0),
    (("check", "warned.yaml"), 0), (("check", "warned.yaml", "--strict"), 3),
    (("check", "missing.yaml"), 3), (("check", "broken.yaml", "--json"), 3),
    (("check", "--nonsense"), 2), (("check", "a", "b"), 2), (("chekc",), 2),
    (("schema",), 0), (("schema", "--write"), 0), (("schema", "nowhere/gateway.yaml", "--write"), 2),
    (("explain", "E104"), 0), (("explain", "e104"), 0), (("explain",), 0), (("explain", "E999"), 2),
])  # fmt: skip
def test_the_exit_code_says_how_it_ended(here: Verbs, folder: Path, arguments: tuple[str, ...], code: int) -> None:
    ended = here(*arguments, cwd=folder)

    assert (ended.code, "Traceback" in ended.err) == (code, False)


def test_check_writes_results_to_stdout_and_diagnostics_to_stderr(here: Verbs, folder: Path) -> None:
    good = here("check", cwd=folder)
    warned = here("check", "warned.yaml", cwd=folder)
    broken = here("check", "broken.yaml", cwd=folder)

    assert good.out.splitlines()[0] == "gateway.yaml: ok: 1 endpoint, 1 link, 1 device, 1 point"
    assert good.err == ""
    assert warned.out.splitlines()[0].startswith("warned.yaml: ok with 1 warning: ")
    assert warned.err.startswith("warned.yaml:7:11: warning[W204]: ")
    assert broken.out == "broken.yaml: 1 error\n"
    assert broken.err.startswith("broken.yaml:4:32: error[E104]: unknown key 'hots' - did you mean 'host'?\n")


def test_check_prints_how_devices_will_be_polled(here: Verbs, folder: Path) -> None:
    assert "\nplc:\n  device  every " in here("check", cwd=folder).out


def test_check_as_json_is_one_document_and_nothing_else(here: Verbs, folder: Path) -> None:
    good = here("check", "--json", cwd=folder)
    broken = here("check", "broken.yaml", "--json", cwd=folder)

    document = json.loads(good.out)
    assert (document["schema"], document["ok"], document["summary"]["points"]) == (1, True, 1)
    assert good.err == broken.err == ""
    [diagnostic] = json.loads(broken.out)["diagnostics"]
    assert [diagnostic[key] for key in ("code", "line", "column", "end_column")] == ["E104", 4, 32, 36]


def test_an_unknown_verb_is_answered_with_the_nearest(here: Verbs, folder: Path) -> None:
    assert "no verb 'chekc' - did you mean 'check'?" in here("chekc", cwd=folder).err


def test_schema_writes_beside_the_configuration_and_says_how_to_use_it(here: Verbs, folder: Path) -> None:
    ended = here("schema", "--write", str(folder / "gateway.yaml"))

    written = json.loads((folder / ".fieldgate.schema.json").read_text())
    assert "# yaml-language-server: $schema=./.fieldgate.schema.json" in ended.out
    assert here("schema").json == written


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    assert CODES[code].title
    assert CODES[code].explanation.endswith((".", ")"))


def test_explain_says_what_a_code_means(here: Verbs) -> None:
    document = here("explain", "W203", "--json").json

    assert list(document["codes"]) == ["W203"]
    assert here("explain", "W203").out.startswith("W203: a secret stands in the configuration\n\n")


def test_version_says_what_is_installed(here: Verbs) -> None:
    assert here("--version").out == f"fieldgate {__version__}\n"
    assert here("version", "--json").json["adapters"] == ["ble", "modbus", "serial"]


def test_an_interrupted_pipe_is_no_crash() -> None:
    command = f"{sys.executable} -m gateway.cli schema | head -c 10"
    ended = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "Traceback" not in ended.stderr
