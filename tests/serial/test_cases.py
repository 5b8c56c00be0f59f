"""Each shipped example and every folder in cases/ is a device that we know: cases/README.md says how to add one."""

import json
from pathlib import Path

import pytest

from tests.serial.case import outcome_of
from tests.support.played import lines_of
from tests.support.repo import ROOT

QUIRKS = Path(__file__).parent / "cases"
SHIPPED = ROOT / "configs" / "serial"
FOLDERS = sorted(folder.parent for place in (QUIRKS, SHIPPED) for folder in place.glob("*/gateway.yaml"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_comes_of_a_capture_is_what_is_expected(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came = lines_of(outcome_of(folder, monkeypatch.setattr))
    written = folder / "expected.jsonl"
    assert written.exists(), "\n".join([f"if this is right, write it to {written.name}:", *came])
    expected = [json.dumps(json.loads(line), ensure_ascii=False) for line in written.read_text().splitlines() if line]
    assert came == expected


SITE = """
links: {line: {port: /dev/nowhere}}
devices: {d: {every: 1s, timeout: 100ms, poll: {send: "R\\r"}, match: '^(?P<t>[0-9.]+)$', points: {t: {type: float}}}}
"""


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        ('tx "Q\\r"', r"the gateway sent b'R\\r', not b'Q\\r'"),
        ('tx "R\\r"\nrx "1.5\\r"\ntx "R\\r"\n+3h rx "1.6\\r"\ntx "X\\r"', r"the gateway sent b'R\\r', not b'X\\r'"),
        ("# first\n\n? 05", r"wire.txt:3: '\?' is neither"),
    ],
)
def test_a_case_that_is_not_so_says_where(
    wire: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gateway.yaml").write_text(SITE)
    (tmp_path / "wire.txt").write_text(wire)
    with pytest.raises((AssertionError, ValueError), match=complaint):
        outcome_of(tmp_path, monkeypatch.setattr)
