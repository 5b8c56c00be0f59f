"""What the command line says where the `ble` extra is not installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = str(ROOT / "configs/ble/tank/gateway.yaml")
OF_THE_EXTRA = ("bleak", "dbus_fast", "bleparser", "Cryptodome")


def fieldgate(without: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and all that is said, by a Python that has none of them."""
    for name in OF_THE_EXTRA:
        (without / f"{name}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\")\n")
    path = os.pathsep.join([str(without), str(ROOT)])
    ended = subprocess.run(
        [sys.executable, "-m", "gateway.cli", *arguments],
        env={**os.environ, "PYTHONPATH": path, "HOME": str(without)},
        cwd=without,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_a_configuration_is_checked_all_the_same(tmp_path: Path) -> None:
    code, said = fieldgate(tmp_path, "check", SITE)
    assert code == 0, said
    assert "tank-1" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan", "ble", "--listen", "1s"),
        ("simulate", "ble", "-c", SITE),
        ("read", "tank-1", "-c", SITE),
        ("read", "tank-1", "--gatt", "-c", SITE),
    ],
)
def test_what_needs_it_names_it(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said = fieldgate(tmp_path, *arguments)
    assert code != 0
    assert "pip install 'fieldgate[ble]'" in said
    assert "Traceback" not in said
