"""Each shipped example of devices that advertise is played, and says what is expected."""

import json
from pathlib import Path

import pytest

from tests.ble.case import outcome_of, site_of
from tests.support.played import lines_of
from tests.support.repo import ROOT

EXAMPLES = sorted((ROOT / "configs" / "ble").iterdir())
PLAYED = [folder for folder in EXAMPLES if (folder / "air.txt").exists()]


@pytest.mark.parametrize("folder", PLAYED, ids=lambda folder: folder.name)
def test_what_comes_of_a_capture_is_what_is_expected(folder: Path, tmp_path: Path) -> None:
    came = lines_of(outcome_of(folder, tmp_path))
    written = folder / "expected.jsonl"
    assert written.exists(), "\n".join([f"if this is right, write it to {written.name}:", *came])
    expected = [json.dumps(json.loads(line), ensure_ascii=False) for line in written.read_text().splitlines() if line]
    assert came == expected


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_valid_with_secrets_of_their_kind(folder: Path, tmp_path: Path) -> None:
    assert site_of(folder, tmp_path).warnings == ()
