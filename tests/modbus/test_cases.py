"""Every folder in cases/ is a quirk that some device has: its README says how to add one."""

import json
from pathlib import Path

import pytest

from tests.modbus.case import bytes_of, outcome_of
from tests.support.played import lines_of

CASES = Path(__file__).parent / "cases"
QUIRKS = sorted(folder.parent.name for folder in CASES.glob("*/wire.txt"))


@pytest.mark.parametrize("quirk", QUIRKS)
def test_what_comes_of_a_quirk_is_what_is_expected(quirk: str, monkeypatch: pytest.MonkeyPatch) -> None:
    came = lines_of(outcome_of(CASES / quirk, monkeypatch.setattr))
    written = CASES / quirk / "expected.jsonl"
    assert written.exists(), "\n".join([f"if this is right, write it to {written.name}:", *came])
    expected = [json.dumps(json.loads(line), ensure_ascii=False) for line in written.read_text().splitlines() if line]
    assert came == expected


SITE = """
links: {bus: {transport: rtu, port: /dev/ttyUSB0}}
devices: {d: {unit_id: 5, points: {temp: {address: 100, type: uint16}}}}
"""


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        ("> 05 03 00 65 00 01 crc", r"wire.txt:1: the gateway asked 05 03 00 64 00 01 .* not 05 03 00 65"),
        ("# first\n\n? 05", r"wire.txt:3: a line begins with"),
        ("> 05 03 00 64 00 01 crc\n> 05 03 00 64 00 01 crc", r"wire.txt:2: the gateway asked 05 03 00 64 00 02"),
    ],
)
def test_a_case_that_is_not_so_says_where(
    wire: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gateway.yaml").write_text(SITE)
    (tmp_path / "wire.txt").write_text(wire)
    with pytest.raises(AssertionError, match=complaint):
        outcome_of(tmp_path, monkeypatch.setattr)


def test_bytes_are_written_as_captured_or_without_their_check() -> None:
    assert bytes_of("05 03 02 00 07 crc") == bytes_of("0503020007 0846") == bytes.fromhex("05030200070846")
    assert bytes_of(": 05 03 02 00 AB lrc") == bytes_of(":05030200ab4b") == b":05030200AB4B\r\n"
