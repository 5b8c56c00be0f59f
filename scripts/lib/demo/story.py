"""What the demonstration tells: commands that are sent when it is time for them, and what to look at then."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from scripts.lib.demo.inbox import Inbox, Message
from scripts.lib.demo.screen import DIM, Screen

BOILER_TOPIC = "fieldgate/demo/boiler/command"
DOOR_TOPIC = "fieldgate/demo/door/command"
SETPOINT_C = 60.0
OPEN_S = 3
READINGS_BEFORE_COMMAND = 4


class Story:
    """Follows what arrives at the broker."""

    def __init__(self, screen: Screen, inbox: Inbox, port: int, config: Path) -> None:
        self._screen = screen
        self._inbox = inbox
        self._suggestion = _suggestion(port, config)
        self._readings = 0
        self._door_is_known = False
        self._waits_for_door = False

    async def tell(self) -> None:
        """For ever."""
        while True:
            message = await self._inbox.next()
            self._screen.show(message.topic, message.payload)
            self._follow(message)

    def _follow(self, message: Message) -> None:
        match message.topic.split("/")[2:]:
            case ["boiler", "reading"]:
                self._readings += 1
                if self._readings == READINGS_BEFORE_COMMAND:
                    self._set_boiler()
            case ["door", "reading"]:
                self._door_is_known = True
                self._open_door()
            case ["boiler", "result"] if _answers(message, "demo-1"):
                self._screen.say("-> Done: the register changed and was read back. Now watch flow_temp follow.")
                self._screen.say(f"-> Type next, in another terminal:  {self._suggestion}", DIM)
                self._waits_for_door = True
                self._open_door()
            case ["door", "result"] if _answers(message, "demo-2"):
                self._screen.say(
                    "-> Done: the lock has answered over Bluetooth. It tells by itself when it locks again."
                )

    def _set_boiler(self) -> None:
        self._screen.say(f"-> Sending a command: setpoint to {SETPOINT_C:g} °C. Its result comes back below.")
        self._inbox.send(BOILER_TOPIC, {"id": "demo-1", "write": {"setpoint": SETPOINT_C}})

    def _open_door(self) -> None:
        """Once the boiler has had its turn and the door is there."""
        if not (self._door_is_known and self._waits_for_door):
            return
        self._waits_for_door = False
        self._screen.say(f"-> Sending another: the door is to open for {OPEN_S} seconds.")
        self._inbox.send(DOOR_TOPIC, {"id": "demo-2", "invoke": "open", "args": {"open_for": OPEN_S}})


def _answers(message: Message, command: str) -> bool:
    return bool(json.loads(message.payload).get("command") == command)


def _suggestion(port: int, config: Path) -> str:
    if shutil.which("mosquitto_pub"):
        body = json.dumps({"id": "me-1", "write": {"pump": False}}, separators=(",", ":"))
        return f"mosquitto_pub -p {port} -t {BOILER_TOPIC} -m '{body}'"
    return f"{Path(sys.executable).with_name('fieldgate')} check {config}"
