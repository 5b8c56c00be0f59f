"""An adapter as a stranger would write it, in a package of its own: a scale that sends lines by itself.

It says `weight 12.5` and whatever else it knows, each in a line; it carries out commands that are lines, too, and
answers `OK 42.0` or `ERR why`. What it wants to be acknowledged begins with `+`, and is sent again until it is.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from gateway.adapter import (
    Adapter,
    AdapterCommand,
    AdapterError,
    Commands,
    DeviceConfig,
    Emit,
    Identifier,
    LinkConfig,
    Memory,
    Period,
    PointConfig,
    Rejected,
    Steps,
    Wrote,
)
from gateway.model import (
    Bad,
    BadReason,
    Command,
    DeviceState,
    DeviceStatus,
    Kind,
    PointGroup,
    Result,
    ResultStatus,
    Sample,
    Value,
)
from tests.support.repo import ROOT

Values = dict[str, Value]


class ScaleLink(LinkConfig):
    host: str
    port: int


class ScalePoint(PointConfig):
    type: Literal["float", "string", "bool"]
    enum: dict[int | str, Value] | None = None  # type: ignore[assignment]
    stale_after: Period | Literal["never"] = "never"

    @property
    def kind(self) -> Kind:
        return "text" if self.type == "string" else "bool" if self.type == "bool" else "float"

    def value_of(self, text: str) -> Value | Bad:
        if self.enum is not None:
            return self.enum.get(text, Bad(BadReason.INVALID, text))
        return float(text) if self.type == "float" else text


class ScaleCommand(AdapterCommand):
    say: str


class ScaleDevice(DeviceConfig[ScalePoint]):
    commands: Commands[Steps | ScaleCommand] = Field({})  # type: ignore[assignment]

    @override
    def address_on(self, link: ScaleLink) -> str:
        return f"{link.host}:{link.port}"

    @override
    def groups(self, device: str) -> tuple[PointGroup, ...]:
        return tuple(
            PointGroup(device, 0.0, (name,), (point.kind,), 0.0 if point.stale_after == "never" else point.stale_after)
            for name, point in self.points.items()
        )


class ScaleAdapter(Adapter):
    """One scale on each link."""

    Link: ClassVar[type[ScaleLink]] = ScaleLink
    Device: ClassVar[type[ScaleDevice]] = ScaleDevice

    def __init__(self, link: ScaleLink, devices: Mapping[str, ScaleDevice], _memory: Memory) -> None:
        self._link = link
        [(self._name, self._device)] = devices.items()
        self._groups = {group.points[0]: group for group in self._device.groups(self._name)}
        self._writer: asyncio.StreamWriter | None = None
        self._awaited: dict[str, asyncio.Future[str]] = {}
        self._state: tuple[DeviceState, str | None] | None = None

    async def run(self, emit: Emit) -> None:
        try:
            reader, self._writer = await asyncio.open_connection(self._link.host, self._link.port)
        except OSError as error:
            raise AdapterError(f"the scale can't be reached: {error}") from error
        try:
            while line := (await reader.readline()).decode().strip():
                await self._hear(line, emit)
        finally:
            self._writer.close()
            self._writer = None
        raise AdapterError("the scale hung up")

    async def _hear(self, line: str, emit: Emit) -> None:
        word, _, text = line.removeprefix("+").partition(" ")
        for key in (word, "OK" if word == "ERR" else word):
            if key in self._awaited:
                self._awaited.pop(key).set_result(text if word != "ERR" else f"ERR {text}")
        if word == "fault":
            self._say(DeviceState.DEGRADED, text, emit)
        elif word in self._groups:
            sample = self._sample(word, text)
            if line.startswith("+"):
                await emit.durable(sample)
                self._send("ACK")
            else:
                emit(sample)
            if word == "weight":
                self._say(DeviceState.ONLINE, None, emit)

    def _sample(self, name: str, text: str) -> Sample:
        found = self._device.points[name].value_of(text)
        now_ms = int(time.time() * 1000)
        if isinstance(found, Bad):
            return Sample(self._groups[name], now_ms, (None,), {name: found})
        return Sample(self._groups[name], now_ms, (found,))

    def _say(self, state: DeviceState, detail: str | None, emit: Emit) -> None:
        if (state, detail) != self._state:
            self._state = (state, detail)
            reason = "device-error" if detail else None
            emit(DeviceStatus(self._name, state, int(time.time() * 1000), reason, detail))

    def _send(self, line: str) -> bytes:
        assert self._writer is not None
        data = line.encode() + b"\n"
        self._writer.write(data)
        return data

    async def execute(self, command: Command, wrote: Wrote) -> Result:
        if self._writer is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link")
        if command.read is not None:
            return await self._read(command.read)
        configured = (self._device.commands or {}).get(command.invoke or "")
        if not isinstance(configured, ScaleCommand):
            raise Rejected("not-supported", "it can only be read, and do what has a name")
        wrote(self._send(configured.say.format_map(command.args)))
        answer = await self._next("OK")
        if answer.startswith("ERR "):
            return Result(ResultStatus.FAILED, reason="device-error", detail=f"the scale says {answer[4:]}")
        return Result(ResultStatus.DONE, values={"answer": answer, "given": len(command.args)})

    async def _read(self, names: tuple[str, ...]) -> Result:
        values: Values = {}
        bad: dict[str, Bad] = {}
        for name in names:
            found = self._device.points[name].value_of(await self._next(name))
            if isinstance(found, Bad):
                bad[name] = found
            else:
                values[name] = found
        return Result(ResultStatus.DONE, values, bad)

    async def _next(self, word: str) -> str:
        self._awaited[word] = asyncio.get_running_loop().create_future()
        return await self._awaited[word]


@contextmanager
def installed(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a process that has this package, as pip would leave it there."""
    about = folder / "fieldgate_scale-2.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: fieldgate-scale\nVersion: 2.5\n")
    (about / "entry_points.txt").write_text(f"[fieldgate.adapters]\nscale = {__name__}:ScaleAdapter\n")
    yield {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


def scale(points: Mapping[str, Any], commands: Mapping[Identifier, Any] | None = None) -> dict[str, Any]:
    """One for a configuration, on the link `tty`."""
    return {"link": "tty", "points": points, "commands": commands or {}}
