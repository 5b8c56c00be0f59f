import json
import re
from typing import Any

import pytest

from scripts.lib.demo.screen import Screen


def shown(capsys: pytest.CaptureFixture[str], topic: str, body: Any) -> str:
    screen = Screen()
    screen.show("fieldgate/demo/boiler/birth", json.dumps({"points": {"flow": {"unit": "°C"}, "pump": {}}}).encode())
    capsys.readouterr()
    screen.show(topic, json.dumps(body).encode() if body is not None else b"")
    return capsys.readouterr().out


def test_a_reading_shows_time_topic_values_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    line = shown(
        capsys, "r/boiler/reading", {"values": {"flow": 44.2, "pump": True}, "bad": {"x": {"reason": "timeout"}}}
    )

    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} r/boiler/reading +flow 44.2 °C, pump true, x bad \(timeout\)\n", line)


def test_a_result_shows_how_the_command_ended(capsys: pytest.CaptureFixture[str]) -> None:
    line = shown(
        capsys, "r/boiler/result", {"command": "c", "status": "rejected", "reason": "policy", "detail": "Too hot."}
    )

    assert line.endswith("c rejected (policy) (Too hot.)\n")


def test_a_cleared_topic_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "r/boiler/status", None).endswith("cleared\n")


def test_there_are_no_colours_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in shown(capsys, "r/boiler/result", {"command": "c", "status": "done"})
