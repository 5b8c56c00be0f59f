"""Habits that every file in the repository keeps."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.repo import ROOT, tracked_files

REGISTRY_HOST = re.compile(
    r"\b(pypi|pythonhosted|npmjs|registry\.npmjs|proxy\.golang|deb\.debian|archive\.ubuntu)\.(org|com)\b"
)
SCRIPTS = [path for path in tracked_files() if path.read_bytes()[:2] == b"#!"]


def test_no_file_names_a_registry_host() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in tracked_files()
        if (found := REGISTRY_HOST.search(path.read_text(errors="replace")))
    ]

    assert named == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_is_executable_stops_at_errors_and_parses(path: Path) -> None:
    assert os.access(path, os.X_OK)
    if "bash" in path.read_text().splitlines()[0]:
        assert "\nset -euo pipefail\n" in path.read_text()
        subprocess.run(["bash", "-n", path], check=True)
