"""A machine that notes what really happened to it, and what its gateway said happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from typing_extensions import override

from gateway.adapter import Adapter, AdapterError, DeviceConfig, Emit, LinkConfig, PointConfig, Rejected, Wrote
from gateway.model import (
    Command,
    CommandInfo,
    DeviceInfo,
    Guards,
    PointGroup,
    PointInfo,
    Result,
    ResultStatus,
    Sample,
    Step,
    Value,
)
from gateway.units import TimesIn

SLOW_S = 2.0
"""What a slow machine takes before it does something, and after."""

FLUSH: dict[str, Value] = {"first": 1, "second": 2}
"""What the command of that name writes, one after the other."""


def _point(name: str, **more: Any) -> PointInfo:
    return PointInfo(name, "int32", "int", 1.0, writable=True, **more)


POINTS = {
    "plain": _point("plain"),
    "rated": _point("rated", guards=Guards(max_rate=TimesIn(2, 30.0))),
    "asked": _point("asked", guards=Guards(confirm=True)),
    "locked": _point("locked", guards=Guards(interlock={"pump": False})),
    "daily": _point("daily", guards=Guards(hours=((0, 720),))),
    "first": _point("first"),
    "second": _point("second", guards=Guards(interlock={"pump": False})),
    "pump": PointInfo("pump", "bool", "bool", 1.0),
}
COMMANDS = {
    "flush": CommandInfo(
        steps=(Step({"first": FLUSH["first"]}), Step(pause_s=1.0), Step({"second": FLUSH["second"]})),
    ),
    "tare": CommandInfo(),
}
GROUP = PointGroup("mill", 1.0, tuple(POINTS), tuple(point.kind for point in POINTS.values()))
MILL = DeviceInfo("mill", "plc", "unit 1", 1.0, POINTS, (GROUP,), commands=COMMANDS)

MOODS = (*["well"] * 5, "slow", "silent", "deaf", "refuses", "fails", "breaks", "dies")


@dataclass
class Deed:
    """Something the machine has done: for which command, in whose name, and when."""

    command: str
    point: str
    value: Value
    at_s: float


@dataclass
class Machine:
    """The device, over all lives of its gateway."""

    pump: bool = False
    mood: str = "well"
    is_cut_off: bool = False
    deeds: list[Deed] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    seen: dict[str, bool] = field(default_factory=dict)
    """What each command last read of the pump."""

    def do(self, command: Command, point: str, value: Value, at_s: float) -> None:
        """Do it, whatever it is, and note what must never be."""
        if at_s >= command.deadline_s:
            self.wrongs.append(f"{command.id} is carried out after its deadline")
        if POINTS.get(point, POINTS["plain"]).guards.interlock and self.seen[command.id]:
            self.wrongs.append(f"{command.id} is carried out though the pump runs")
        if any(deed.point == point for deed in self.did(command.id)):
            self.wrongs.append(f"{command.id} is carried out twice")
        self.deeds.append(Deed(command.id, point, value, at_s))

    def did(self, command: str) -> list[Deed]:
        """What was done for a command."""
        return [deed for deed in self.deeds if deed.command == command]


class Mill(Adapter):
    """Speaks to `machine`, which is in some mood."""

    Link: ClassVar[type[LinkConfig]] = LinkConfig
    Device: ClassVar[type[DeviceConfig[Any]]] = DeviceConfig[PointConfig]
    machine: ClassVar[Machine]
    now: ClassVar[Mill | None] = None

    @override
    def __init__(self, link: Any, devices: Any, memory: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._died = asyncio.Event()

    @override
    async def run(self, emit: Emit) -> None:
        if Mill.machine.is_cut_off:
            raise AdapterError("no way there")
        Mill.now = self
        values = tuple(False if name == "pump" else 0 for name in POINTS)
        emit(Sample(GROUP, 1_763_888_462_000, values))
        await self._died.wait()
        raise AdapterError("the cable is cut")

    def die(self) -> None:
        """The link is lost."""
        self._died.set()

    @override
    async def execute(self, command: Command, wrote: Wrote) -> Result:
        await asyncio.sleep(0)
        mood = Mill.machine.mood
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        elif mood == "refuses":
            raise Rejected("device-says-no", "it was not touched")
        elif mood == "deaf":
            await self._loop.create_future()
        if self._loop.time() >= command.deadline_s:
            return Result(ResultStatus.EXPIRED)
        if command.read is not None:
            Mill.machine.seen[command.id] = Mill.machine.pump
            return Result(ResultStatus.DONE, dict.fromkeys(command.read, Mill.machine.pump))
        values = _wanted(command)
        for name, value in values.items():
            wrote(f"{name}={value}".encode())
            Mill.machine.do(command, name, value, self._loop.time())
        return await self._after(mood, values)

    async def _after(self, mood: str, values: Mapping[str, Value]) -> Result:
        if mood == "slow":
            await asyncio.sleep(SLOW_S)
        elif mood == "breaks":
            raise ValueError("oops")
        elif mood in {"silent", "dies"}:
            if mood == "dies":
                self.die()
            await self._loop.create_future()
        return Result(ResultStatus.FAILED if mood == "fails" else ResultStatus.DONE, values)


def _wanted(command: Command) -> Mapping[str, Value]:
    return command.write if command.write is not None else {command.invoke or "": command.args.get("by", 0)}
