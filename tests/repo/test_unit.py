"""The systemd unit, as systemd itself judges it."""

import configparser
import subprocess
from pathlib import Path

import pytest

from tests.support.daemon import FIELDGATE
from tests.support.repo import ROOT

SYSTEMD = ROOT / "systemd"
UNIT = SYSTEMD / "fieldgate.service"
WORST_EXPOSURE_TENTHS = 16
"""A bare service has 96; what is left is what a gateway is for: the network, sockets, who writes on them, the clock."""
CONFIGURATION, PERMISSION = 3, 7
"""Exit codes that no restart will mend."""
LONGEST_STOP_S = 5


@pytest.fixture(scope="module")
def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as typeshed's own documentation does it
    parser.read(UNIT)
    return parser["Service"]


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    installed = tmp_path / UNIT.name
    installed.write_text(UNIT.read_text().replace("/usr/bin/fieldgate", str(FIELDGATE)))

    verdict = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", installed],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")


def test_the_sandbox_does_not_get_weaker() -> None:
    subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={WORST_EXPOSURE_TENTHS}", "--no-pager", UNIT],
        check=True,
        capture_output=True,
    )


def test_the_daemon_has_the_time_to_stop_that_it_may_take(service: configparser.SectionProxy) -> None:
    assert int(service["TimeoutStopSec"].removesuffix("s")) > LONGEST_STOP_S


def test_a_wrong_configuration_is_not_restarted_for_ever(service: configparser.SectionProxy) -> None:
    assert {str(CONFIGURATION), str(PERMISSION)} <= set(service["RestartPreventExitStatus"].split())


def test_sysusers_makes_the_account_the_unit_runs_as(service: configparser.SectionProxy, tmp_path: Path) -> None:
    made = subprocess.run(
        ["systemd-sysusers", "--dry-run", f"--root={tmp_path}", SYSTEMD / "fieldgate.sysusers"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"'{service['User']}'" in made.stdout + made.stderr


def test_tmpfiles_makes_the_credentials_folder_that_a_start_needs(service: configparser.SectionProxy) -> None:
    folder = service["LoadCredential"].partition(":")[2]

    assert f"\nd {folder} 0700 root root" in (SYSTEMD / "fieldgate.tmpfiles").read_text()
