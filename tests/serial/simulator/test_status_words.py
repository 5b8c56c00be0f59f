from __future__ import annotations

from typing import Any

from tests.serial.simulator.setup import gateway

WORD: dict[str, Any] = {
    "match": "^S(?P<word>[0-9A-F]{4})$",
    "points": {
        "alarm": {"from": "word", "type": "bool", "base": 16, "bits": 3},
        "level": {"from": "word", "type": "int", "base": 16, "bits": "4..7"},
        "mode": {"from": "word", "type": "int", "base": 16, "bits": "8..9", "enum": {0: "off", 1: "on", 2: "auto"}},
    },
}


def test_points_that_share_a_number_in_characters_each_have_their_bits() -> None:
    device = gateway(**WORD)
    for alarm, level, mode in ((True, 10, "auto"), (False, 0, "on"), (True, 15, "off")):
        device.set(alarm=alarm, level=level, mode=mode)
        assert device.get() == {"alarm": alarm, "level": level, "mode": mode}
