"""Serial devices at a gateway as a process: the shipped examples by their captures, and what only that can show."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.adapter.capture import parse_capture
from tests.serial.case import capture_of
from tests.serial.replayer import Replayer
from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result, numbered, once
from tests.support.mosquitto import Mosquitto
from tests.support.repo import ROOT
from tests.support.site import FAST, endpoint, site
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

SHIPPED = sorted(folder.parent for folder in (ROOT / "configs" / "serial").glob("*/wire.txt"))
SOONER = {"15min": "2s", "30s": "3s", "5s": "500ms", "300ms": "3s", "200ms": "3s"}
"""Instead of periods for which a test can't wait, and of times to answer that a busy machine may need."""


class Examples:
    """All that are shipped, at one gateway."""

    def __init__(self) -> None:
        self.links: dict[str, Any] = {}
        self.devices: dict[str, Any] = {}
        self.replayers: list[Replayer] = []
        self.commanded: dict[str, Mapping[str, Any]] = {}
        self.expected: list[dict[str, Any]] = []
        self.command: Callable[[str, Mapping[str, Any]], None]

    def add(self, folder: Path) -> Replayer:
        given = yaml.safe_load((folder / "gateway.yaml").read_text())
        replayer = Replayer(capture_of(folder).entries, self._command)
        ((name, link),) = given["links"].items()
        self.links[name] = {**link, "port": replayer.path, "reconnect": FAST}
        self.devices |= {device: _sooner(what) for device, what in given["devices"].items()}
        self.expected += map(json.loads, (folder / "expected.jsonl").read_text().splitlines())
        self.replayers.append(replayer)
        return replayer

    def readings_of(self, device: str) -> list[dict[str, Any]]:
        return changes(each for each in self.expected if each.get("device") == device and "result" not in each)

    def results_of(self, device: str) -> list[str]:
        return [each["result"] for each in self.expected if each.get("device") == device and "result" in each]

    def _command(self, what: Mapping[str, Any]) -> None:
        number = f"{what['device']}-{sum(name.startswith(what['device']) for name in self.commanded)}"
        self.commanded[number] = what
        body = {key: value for key, value in what.items() if key != "device"}
        self.command(f"fieldgate/gw/{what['device']}/command", {"id": number, **body})


def _sooner(device: Any) -> Any:
    """The same, with what takes long shortened, and every reading reported."""
    if isinstance(device, dict):
        return {key: _sooner(value) for key, value in device.items() if key != "report"}
    if isinstance(device, list):
        return [_sooner(each) for each in device]
    return SOONER.get(device, device) if isinstance(device, str) else device


def changes(readings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What readings say, without what is said again, and without answers that were missing."""
    said = [{key: each[key] for key in ("values", "bad") if each.get(key)} for each in readings]
    return [each for each, _ in groupby(each for each in said if each and not _is_missing(each))]


def _is_missing(reading: dict[str, Any]) -> bool:
    return "values" not in reading and all(bad["reason"] in {"timeout", "stale"} for bad in reading["bad"].values())


def came(subscriber: Subscriber, device: str) -> list[dict[str, Any]]:
    readings = once(numbered(m for m in subscriber.messages if is_reading(m, f"/{device}")))
    return changes(sorted(readings, key=itemgetter("seq")))


def wait_until_said(subscriber: Subscriber, examples: Examples, device: str) -> None:
    """Return once its readings begin with those that must come of its capture."""
    wanted = examples.readings_of(device)

    def has_come(message: Received) -> bool:
        assert not (failed := [each.failed for each in examples.replayers if each.failed]), failed
        return is_reading(message, f"/{device}") and came(subscriber, device)[: len(wanted)] == wanted

    try:
        subscriber.wait_for(has_come)
    except AssertionError as error:
        error.add_note(f"{device} said {came(subscriber, device)}, not {wanted}")
        raise


def test_each_shipped_example_gives_the_values_of_its_capture(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon
) -> None:
    examples = Examples()

    def command(topic: str, body: Mapping[str, Any]) -> None:
        subscriber.wait_for(lambda m: has_state(m, "online"))  # before, nobody would hear it
        subscriber.publish(topic, body)

    examples.command = command
    with ExitStack() as ports:
        for folder in SHIPPED:
            ports.enter_context(examples.add(folder))
        daemon = make_daemon(site(endpoint(mosquitto.url), examples.links, examples.devices))
        for replayer in examples.replayers:
            if not replayer.speaks_first:  # a question that came too early would be answered twice
                replayer.play()
        daemon.start()
        for replayer in examples.replayers:
            if replayer.speaks_first:
                replayer.play()
        for device in examples.devices:
            wait_until_said(subscriber, examples, device)
            for number, result in enumerate(examples.results_of(device)):
                subscriber.wait_for(lambda m, id_=f"{device}-{number}": is_result(m, id_))  # type: ignore[misc]
                (message,) = [m for m in subscriber.messages if is_result(m, f"{device}-{number}")]
                assert message.json["status"] == result
        assert [replayer.failed for replayer in examples.replayers if replayer.failed] == []


LINE: dict[str, Any] = {"adapter": "serial", "framing": {"type": "line", "terminator": "\r\n"}, "reconnect": FAST}
SCALE: dict[str, Any] = {
    "link": "line",
    "match": r"^#(?P<n>\d+) (?P<v>\d+)$",
    "points": {"n": {"type": "int"}, "v": {"type": "int"}},
}


def said(*lines: str) -> Replayer:
    """What a device says, written as a capture."""
    return Replayer(parse_capture(lines, "said").entries, lambda _command: None)


def test_what_was_acknowledged_to_a_device_is_not_lost_when_the_gateway_is_killed(
    mosquitto: Mosquitto, make_daemon: MakeDaemon
) -> None:
    mosquitto.stop()
    with said('rx "#1 500\\r\\n"', 'tx "ACK 1\\r\\n"') as logger:
        devices = {"logger": {**SCALE, "ack": "ACK {n}\r\n"}}
        daemon = make_daemon(site(endpoint(mosquitto.url), {"line": {**LINE, "port": logger.path}}, devices))
        daemon.start()
        logger.play()
        logger.wait()
        daemon.kill()

        mosquitto.start()
        with Subscriber(mosquitto.port) as subscriber:
            daemon.start()
            reading = subscriber.wait_for(lambda m: is_reading(m, "/logger"))

    assert reading.json["values"] == {"n": 1, "v": 500}


@pytest.mark.parametrize("late", [False, True], ids=["before it counts as silent", "after that"])
def test_bytes_without_a_frame_are_told_in_plain_words(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, late: bool
) -> None:
    junk = ["+100ms rx F8 1E 80 F8 00 E6 78 1E FE"] * 100
    with said(*junk) as wrong_speed:
        devices = {"scale": {**SCALE, "stale_after": "1s" if late else "6s"}}
        daemon = make_daemon(site(endpoint(mosquitto.url), {"line": {**LINE, "port": wrong_speed.path}}, devices))
        daemon.start()
        if late:
            subscriber.wait_for(lambda m: has_state(m, "offline", "scale"))
        wrong_speed.play()

        status = subscriber.wait_for(lambda m: has_state(m, "offline", "scale") and m.json.get("detail"))

    assert "bytes arrive but no frame" in status.json["detail"]


def test_a_port_that_is_pulled_out_comes_back_when_it_is_plugged_in(
    mosquitto: Mosquitto, subscriber: Subscriber, make_daemon: MakeDaemon, tmp_path: Path
) -> None:
    port = tmp_path / "by-id"
    daemon = make_daemon(site(endpoint(mosquitto.url), {"line": {**LINE, "port": str(port)}}, {"scale": SCALE}))
    for number in (1, 2):
        with said(f'rx "#{number} 500\\r\\n"') as scale:
            port.symlink_to(scale.path)
            if number == 1:
                daemon.start()
            scale.play()
            subscriber.wait_for(lambda m, n=number: is_reading(m, "/scale") and m.json["values"].get("n") == n)  # type: ignore[misc]
        port.unlink()
        subscriber.wait_for(lambda m: has_state(m, "offline", "scale") and m.json["reason"] == "no-link")
        subscriber.clear()
