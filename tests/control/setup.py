"""The API over a real socket, before a house that is made of real parts and answers what the test says."""

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gateway.adapter import Progress, Rejected, Tap, Tell
from gateway.control.house import LinkFacts, Unavailable
from gateway.control.server import serving
from gateway.latest import Latest
from gateway.model import (
    ArgumentInfo,
    CommandInfo,
    DeviceInfo,
    DeviceState,
    DeviceStatus,
    Guards,
    PointGroup,
    PointInfo,
    Result,
    ResultStatus,
    Sample,
)
from tests.support.patience import HANG_S

AT_MS = 1_763_888_462_345
FAST = PointGroup("boiler", 1.0, ("flow_temp", "pump"), ("float", "bool"))
SLOW = PointGroup("boiler", 60.0, ("mode",), ("text",))
COLD = PointGroup("cold-room", 10.0, ("temp",), ("float",))
BOILER = DeviceInfo(
    "boiler",
    "plc",
    "unit 1",
    1.0,
    {
        "flow_temp": PointInfo("flow_temp", "float32", "float", 1.0, unit="°C"),
        "pump": PointInfo("pump", "bool", "bool", 1.0, writable=True),
        "mode": PointInfo("mode", "uint16", "text", 60.0, writable=True, enum={0: "off", 2: "auto"}),
        "setpoint": PointInfo(
            "setpoint",
            "int16",
            "float",
            1.0,
            unit="°C",
            writable=True,
            write_min=20,
            write_max=80,
            guards=Guards(confirm=True),
        ),
    },
    (FAST, SLOW),
    commands={
        "start": CommandInfo(
            description="from cold",
            args={
                "speed": ArgumentInfo("float", min=0, max=9.5, unit="1/s", description="of the fan"),
                "note": ArgumentInfo("text", max_length=8, pattern="[a-z]+", default="none"),
                "mode": ArgumentInfo("int", choices=(1, 2)),
            },
        ),
        "purge": CommandInfo(guards=Guards(confirm=True)),
    },
)
COLD_ROOM = DeviceInfo(
    "cold-room", "radio", "AA:BB", 10.0, {"temp": PointInfo("temp", "float", "float", 10.0)}, (COLD,)
)


class House:
    """Two devices on two links; one of the links can show its frames."""

    def __init__(self) -> None:
        self.devices: Mapping[str, DeviceInfo] = {"boiler": BOILER, "cold-room": COLD_ROOM}
        self.latest = Latest()
        self.result = Result(ResultStatus.DONE)
        self.commands: list[tuple[dict[str, Any], str, str]] = []
        self.progress: list[Progress] = []
        """What a scan tells before it ends."""
        self.hangs = False
        """Commands do not come to their end."""
        self.abandoned = asyncio.Event()
        """One was, by its caller."""
        self.came = asyncio.Event()
        self.taps: dict[str, list[Tap]] = {"plc": []}
        self.records: list[dict[str, Any]] = []
        self.queries: list[Mapping[str, Any]] = []
        self.disk_refuses = False

    @property
    def links(self) -> Mapping[str, LinkFacts]:
        return {"plc": LinkFacts("modbus", None), "radio": LinkFacts("ble", "hci0")}

    async def scan(self, link: str, command: str, body: bytes, user: str, tell: Tell) -> Result:
        asked = json.loads(body)
        assert (asked["id"], asked["args"]["link"]) == (command, link)
        for progress in self.progress:
            tell(progress)
        return await self.command(body, "", user)

    def status(self) -> Mapping[str, Any]:
        return {"gateway": "mill-3", "state": "online", "endpoints": {"cloud": {"state": "up", "fault": None}}}

    def states(self) -> Mapping[str, DeviceStatus]:
        return {
            "boiler": DeviceStatus("boiler", DeviceState.ONLINE, AT_MS),
            "cold-room": DeviceStatus("cold-room", DeviceState.OFFLINE, AT_MS, "no-link", "the radio is off"),
        }

    def outboxes(self) -> Mapping[str, Mapping[str, Any]]:
        return {"cloud": {"depth": 3, "bytes": 900, "fault": None}}

    async def command(self, body: bytes, device: str, user: str) -> Result:
        self.commands.append((json.loads(body), device, user))
        self.came.set()
        if self.hangs:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                self.abandoned.set()
                raise
        return self.result

    @contextmanager
    def tapped(self, link: str, tap: Tap) -> Iterator[None]:
        if link == "radio":
            raise Rejected("not-supported", "this adapter can't show its frames")
        self.taps[link].append(tap)
        try:
            yield
        finally:
            self.taps[link].remove(tap)

    async def audit(self, query: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        self.queries.append(query)
        if self.disk_refuses:
            raise Unavailable("the audit can't be read: disk I/O error")
        return self.records[: query["limit"]]


def sample(group: PointGroup, *values: Any, **bad: Any) -> Sample:
    return Sample(group, AT_MS, values, bad)


class Reply(NamedTuple):
    """An answer to a request."""

    status: int
    body: Any
    headers: http.client.HTTPMessage


class Client(http.client.HTTPConnection):
    """Speaks HTTP over a unix socket."""

    def __init__(self, path: Path, timeout_s: float = HANG_S) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Api:
    """What a test asks."""

    def __init__(self, house: House, path: Path) -> None:
        self.house = house
        self.path = path

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request on a connection of its own; `body` as it is, or what JSON is to be made of."""
        return await asyncio.to_thread(self._ask, method, path, body, headers)

    def _ask(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None) -> Reply:
        given = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        marked = {"content-type": "application/json"} if body is not None else {}
        client = Client(self.path)
        try:
            client.request(method, path, given, {**marked, **(headers or {})})
            answer = client.getresponse()
            return Reply(answer.status, json.loads(answer.read() or b"null"), answer.headers)
        finally:
            client.close()

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator["Lines"]:
        """Lines as they come."""
        reader, writer = await self.raw()
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 200 "), head
            yield Lines(reader)
        finally:
            writer.close()

    @asynccontextmanager
    async def scanning(self, path: str, options: Any) -> AsyncIterator["Lines"]:
        """The lines of a scan as they come."""
        reader, writer = await self.raw()
        try:
            body = json.dumps(options).encode()
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            assert answer.startswith("HTTP/1.1 200 "), answer
            yield Lines(reader)
        finally:
            writer.close()

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which any bytes can be sent."""
        return await asyncio.open_unix_connection(self.path)

    async def exchange(self, data: bytes) -> bytes:
        """What comes back until the far end closes."""
        reader, writer = await self.raw()
        try:
            writer.write(data)
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()


class Lines:
    """The JSON Lines of a chunked answer."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._held = b""

    async def next(self) -> Any:
        """One line."""
        while b"\n" not in self._held:
            chunk = await self.chunk()
            assert chunk, "the stream has ended"
            self._held += chunk
        line, _, self._held = self._held.partition(b"\n")
        return json.loads(line)

    async def ended(self) -> bool:
        """Read on until it ends; whether it does so properly."""
        while await self.chunk():
            pass
        return await self._reader.read() == b""

    async def chunk(self) -> bytes:
        """What was written at once; nothing at the end."""
        async with asyncio.timeout(10):
            size = int(await self._reader.readline(), 16)
            return (await self._reader.readexactly(size + 2))[:-2]


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Api]:
    house = House()
    path = folder / "control.sock"
    async with serving(house, path):
        yield Api(house, path)
