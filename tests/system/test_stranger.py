"""A stranger's adapter: it sends unasked, and carries out commands that the configuration gives arguments to."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from typing_extensions import override

from tests.support.daemon import Daemon
from tests.support.envelopes import has_state, is_reading, is_result
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.schema import assert_envelope
from tests.support.server import Server
from tests.support.site import FAST, endpoint, site
from tests.support.stranger import installed, scale
from tests.support.subscriber import Received, Subscriber
from tests.support.verb import verb

SCALE = "fieldgate/gw/scale/command"

POINTS: dict[str, Any] = {
    "weight": {"type": "float", "unit": "kg", "stale_after": "600ms"},
    "door": {"type": "bool", "enum": {"open": True, "shut": False}},
    "ticket": {"type": "string"},
}
COMMANDS: dict[str, Any] = {
    "limit": {
        "say": "LIMIT {kg:06.1f} {mode}",
        "args": {
            "kg": {"min": 0, "max": 500, "unit": "kg", "description": "the new limit"},
            "mode": {"type": "string", "choices": ["fast", "slow"], "default": "fast"},
        },
    },
    "label": {"say": "LABEL {text}", "args": {"text": {"type": "string", "max_length": 8}}},
    "zero": {"say": "ZERO {times}", "args": {"times": {"type": "int", "min": 1}}, "confirm": True},
    "empty": {"say": "EMPTY", "interlock": {"door": False}, "max_rate": "2/h"},
}
TICK_S = 0.02
"""Between two lines that the scale sends by itself."""


class Scale(Server):
    """Sends what `says` holds, again and again, and keeps the commands that came."""

    def __init__(self) -> None:
        super().__init__()
        self.says = ["weight 12.5", "door shut"]
        self.unacknowledged: list[str] = []
        self.commands: list[str] = []
        self._changed = threading.Condition()

    @override
    def handle(self, connection: socket.socket) -> None:
        threading.Thread(target=self._send, args=[connection], name="scale", daemon=True).start()
        with connection.makefile("r") as lines:
            for line in lines:
                self._obey(line.rstrip("\n"), connection)

    def _send(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                for line in [*self.says, *(f"+{each}" for each in self.unacknowledged[:1])]:
                    connection.sendall(f"{line}\n".encode())
                time.sleep(TICK_S)

    def _obey(self, line: str, connection: socket.socket) -> None:
        with self._changed:
            if line == "ACK":
                del self.unacknowledged[:1]
            else:
                self.commands.append(line)
                answer = "ERR 7 overload" if "0450.0" in line else f"OK {line.lower()}"
                connection.sendall(f"{answer}\n".encode())
            self._changed.notify_all()

    def wait_for_acknowledgement(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self.unacknowledged, HANG_S), "nobody acknowledged it"


class Place(NamedTuple):
    """A daemon with the stranger's adapter, its scale, and what arrives of it."""

    daemon: Daemon
    scale: Scale
    subscriber: Subscriber

    def done(self, body: dict[str, Any]) -> Any:
        self.subscriber.publish(SCALE, body)
        result = self.subscriber.wait_for(lambda message: is_result(message, body["id"]))
        assert_envelope(result.payload)
        return result.json

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return verb(*arguments, "--state-dir", self.daemon.state_dir, cwd=self.daemon.state_dir)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    broker = Mosquitto(folder)
    broker.start()
    try:
        with Scale() as device, Subscriber(broker.port) as subscriber, installed(folder) as environment:
            links = {"tty": {"adapter": "scale", "host": "127.0.0.1", "port": device.port, "reconnect": FAST}}
            config = site(endpoint(broker.url), links, {"scale": scale(POINTS, COMMANDS)})
            daemon = Daemon(folder, config, environment)
            daemon.start()
            try:
                daemon.wait_for("listening")
                subscriber.wait_for(is_reading)
                yield Place(daemon, device, subscriber)
            finally:
                daemon.kill()
    finally:
        broker.kill()


@pytest.fixture(autouse=True)
def as_it_was(place: Place) -> Iterator[None]:
    """Each test finds the scale well."""
    yield
    place.scale.says = ["weight 12.5", "door shut"]
    place.scale.unacknowledged.clear()
    place.scale.commands.clear()


def says(name: str, value: Any) -> Any:
    return lambda message: is_reading(message, "scale") and message.json["values"].get(name) == value


def test_a_birth_tells_what_commands_take_and_no_period_of_what_comes_by_itself(place: Place) -> None:
    birth = assert_envelope(place.subscriber.wait_for(lambda m: m.topic.endswith("scale/birth")).payload)

    assert "every" not in birth
    assert birth["points"]["weight"] == {"type": "float", "unit": "kg"}
    assert birth["points"]["door"]["enum"] == {"open": True, "shut": False}
    assert birth["commands"]["limit"]["args"] == {
        "kg": {"kind": "float", "min": 0.0, "max": 500.0, "unit": "kg", "description": "the new limit"},
        "mode": {"kind": "text", "choices": ["fast", "slow"], "default": "fast"},
    }
    assert birth["commands"]["zero"] == {"confirm": True, "args": {"times": {"kind": "int", "min": 1.0}}}


def test_the_points_of_one_device_come_in_groups_of_their_own(place: Place) -> None:
    weight = place.subscriber.wait_for(says("weight", 12.5)).json
    door = place.subscriber.wait_for(says("door", False)).json

    assert (weight["values"], door["values"]) == ({"weight": 12.5}, {"door": False})


def test_a_command_is_carried_out_with_what_it_was_given_and_with_defaults(place: Place) -> None:
    result = place.done({"id": "a-1", "invoke": "limit", "args": {"kg": 42}})

    assert (result["status"], result["values"]) == ("done", {"answer": "limit 0042.0 fast", "given": 2})
    assert place.scale.commands == ["LIMIT 0042.0 fast"]


RULES = "devices.scale.commands"
REFUSED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "too much": ({"invoke": "limit", "args": {"kg": 500.1}}, "out-of-range", f"{RULES}.limit.args.kg"),
    "no choice": ({"invoke": "limit", "args": {"kg": 1, "mode": "x"}}, "out-of-range", f"{RULES}.limit.args.mode"),
    "too long": ({"invoke": "label", "args": {"text": "123456789"}}, "out-of-range", f"{RULES}.label.args.text"),
    "another command": ({"invoke": "label", "args": {"text": "a\nEMPTY"}}, "out-of-range", f"{RULES}.label.args.text"),
    "nothing": ({"invoke": "limit"}, "malformed", None),
    "what it does not take": ({"invoke": "limit", "args": {"kg": 1, "kgs": 1}}, "malformed", None),
    "another kind": ({"invoke": "limit", "args": {"kg": "12"}}, "malformed", None),
    "no whole number": ({"invoke": "zero", "args": {"times": 1.5}}, "malformed", None),
    "no argument at all": ({"invoke": "empty", "args": {"now": True}}, "malformed", None),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_never_gets_to_the_device(place: Place, case: str) -> None:
    body, reason, rule = REFUSED[case]
    result = place.done({"id": f"r-{case}", **body})

    assert (result["status"], result["reason"], result.get("rule")) == ("rejected", reason, rule)
    assert result["detail"]
    assert place.scale.commands == []


def test_an_error_of_the_device_is_told_in_its_words(place: Place) -> None:
    result = place.done({"id": "e-1", "invoke": "limit", "args": {"kg": 450}})

    assert (result["status"], result["detail"]) == ("failed", "the scale says 7 overload")


def test_a_confirmation_is_for_these_arguments_only(place: Place) -> None:
    token = place.done({"id": "z-1", "invoke": "zero", "args": {"times": 2}})["confirm"]
    other = place.done({"id": "z-2", "invoke": "zero", "args": {"times": 3}, "confirm": token})
    same = place.done({"id": "z-3", "invoke": "zero", "args": {"times": 2.0}, "confirm": token})

    assert (other["status"], same["status"]) == ("rejected", "done")
    assert place.scale.commands == ["ZERO 2"]


def test_an_interlock_and_a_rate_hold_for_what_the_adapter_carries_out(place: Place) -> None:
    place.scale.says = ["weight 1.5", "door open"]
    place.subscriber.wait_for(says("door", True))
    locked = place.done({"id": "i-1", "invoke": "empty"})
    place.scale.says = ["door shut", "weight 2.5"]
    place.subscriber.wait_for(says("weight", 2.5))
    ends = [place.done({"id": f"i-{number}", "invoke": "empty"}) for number in (2, 3)]

    assert (locked["status"], locked["rule"]) == ("rejected", "devices.scale.commands.empty.interlock")
    assert [end["status"] for end in ends] == ["done", "rejected"]
    assert ends[1]["rule"] == "devices.scale.commands.empty.max_rate"
    assert place.scale.commands == ["EMPTY"]


def test_a_reason_in_plain_words_is_told_to_everybody(place: Place) -> None:
    place.subscriber.wait_for(lambda m: has_state(m, "online", "scale"))
    place.scale.says = ["fault load cell 3 is torn off"]
    told = assert_envelope(place.subscriber.wait_for(lambda m: has_state(m, "degraded", "scale")).payload)
    logged = place.daemon.wait_for(lambda event: event.get("state") == "degraded")
    shown = place.run("status")

    assert told["detail"] == logged["detail"] == "load cell 3 is torn off"
    assert "device\tscale\tdegraded, device-error" in shown.stdout
    assert " - load cell 3 is torn off" in shown.stdout


def test_points_are_stale_after_their_own_time_or_never(place: Place) -> None:
    place.subscriber.clear()
    place.subscriber.wait_for(says("weight", 12.5))
    place.scale.says = []

    def is_stale(message: Received) -> bool:
        bad = message.json.get("bad", {}) if is_reading(message, "scale") else {}
        return {name: each["reason"] for name, each in bad.items()} == {"weight": "stale"}

    place.subscriber.wait_for(is_stale)
    assert not [m for m in place.subscriber.messages if is_reading(m, "scale") and "door" in m.json.get("bad", {})]


def test_what_must_be_kept_is_acknowledged_to_the_device_once_it_is(place: Place) -> None:
    place.scale.unacknowledged = ["ticket 4711"]
    place.scale.wait_for_acknowledgement()

    place.subscriber.wait_for(says("ticket", "4711"))


def test_somebody_at_the_box_sees_what_commands_take(place: Place) -> None:
    assert "limit\t\t\tkg=0 to 500 kg [mode=fast|slow]\n" in place.run("invoke", "scale").stdout


def test_somebody_at_the_box_gives_it(place: Place) -> None:
    done = place.run("invoke", "scale", "label", "text=007", "--yes")

    assert (done.returncode, done.stdout) == (0, "answer\tlabel 007\ngiven\t1\n")
    assert place.scale.commands == ["LABEL 007"]
