"""A whole gateway whose far end wishes something: it holds at once, and after a restart before anybody is connected."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from adapters.modbus import ModbusAdapter
from gateway import plugins
from gateway.app import Gateway
from gateway.config import load
from gateway.config.models import EndpointConfig
from gateway.desk import Kept
from gateway.endpoints.contract import Ack, Delivery, Endpoint, Identity, Memory, Message, Session
from gateway.memory import ENDPOINTS_FILE, facts_in
from gateway.model import Result, ResultStatus, Wishes
from gateway.orders import Orders
from tests.support.modbus import ModbusServer
from tests.support.patience import HANG_S

SITE = """
version: 1
gateway: {{id: gw}}
endpoints: {{hub: {{type: mqtt, url: "mqtt://127.0.0.1", outbox: {{commit_interval: 5s}}}}}}
links: {{plc: {{adapter: modbus, host: 127.0.0.1, port: {port}}}}}
devices:
  boiler: {{link: plc, unit_id: 1, every: 20ms, points: {{temp: {{address: 0, type: uint16}}}}}}
"""


class FarEnd(Endpoint):
    """Acknowledges all, once somebody lets it connect."""

    Config: ClassVar[type[EndpointConfig]] = EndpointConfig
    made: ClassVar[list["FarEnd"]] = []

    def __init__(self, config: Any, identity: Identity, memory: Memory) -> None:
        self.session: Session | None = None
        self.may_connect = asyncio.Event()
        self.messages: list[dict[str, Any]] = []
        self.times_s: list[float] = []
        self.made.append(self)

    @override
    async def run(self, session: Session) -> None:
        await self.may_connect.wait()
        self.session = session
        session.connected(100, 1 << 20)
        await asyncio.get_running_loop().create_future()

    @override
    def publish(self, message: Message) -> None:
        body, loop = json.loads(message.payload), asyncio.get_running_loop()
        self.messages.append(body)
        if body["kind"] == "reading":
            self.times_s.append(loop.time())
        loop.call_soon(self._acknowledge, message.token)

    def _acknowledge(self, token: int) -> None:
        if self.session is not None:
            self.session.acknowledged([Ack(token)])

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None: ...


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(HANG_S):
        while not happened():  # noqa: ASYNC110 -- threads and timers of a whole gateway bring it about
            await asyncio.sleep(0.01)


class Rig:
    def __init__(self, gateway: Gateway, far_end: FarEnd) -> None:
        self.gateway = gateway
        self.far_end = far_end

    async def connected(self) -> Session:
        self.far_end.may_connect.set()
        await until(lambda: self.far_end.session)
        assert self.far_end.session is not None
        return self.far_end.session

    async def pauses_s(self, count: int) -> list[float]:
        """Between readings that come from now on."""
        self.far_end.times_s.clear()
        await until(lambda: len(self.far_end.times_s) > count)
        times_s = self.far_end.times_s[: count + 1]
        return [later - earlier for earlier, later in pairwise(times_s)]

    async def asked(self, name: str) -> dict[str, Any]:
        """What came of a command to the gateway."""
        assert self.far_end.session is not None
        body = json.dumps({"id": name, "invoke": "ping"}).encode()
        self.far_end.session.deliver(Delivery("", body, lambda: None))
        await until(lambda: any(each.get("command") == name for each in self.far_end.messages))
        return next(each for each in self.far_end.messages if each.get("command") == name)


async def _no_reload() -> Result:
    return Result(ResultStatus.REJECTED)


@pytest.fixture(autouse=True)
def level() -> Iterator[None]:
    before = logging.getLogger("fieldgate").level
    yield
    logging.getLogger("fieldgate").setLevel(before)


@asynccontextmanager
async def at_work(folder: Path, port: int) -> AsyncIterator[Rig]:
    (folder / "gateway.yaml").write_text(SITE.format(port=port))
    (folder / "state").mkdir(exist_ok=True)
    site = load(folder / "gateway.yaml", plugins.catalog(), {})
    FarEnd.made.clear()
    orders = Orders(asyncio.Event(), _no_reload, lambda: "stopped", Kept())
    gateway = Gateway(site, {"modbus": ModbusAdapter}, {"mqtt": FarEnd}, folder / "state", orders)
    work = asyncio.create_task(gateway.run(), name="gateway")
    try:
        await until(lambda: FarEnd.made)
        yield Rig(gateway, FarEnd.made[0])
    finally:
        orders.leave.set()
        await work


async def test_wishes_hold_at_once_are_shown_and_hold_after_a_restart(
    tmp_path: Path, modbus_server: ModbusServer
) -> None:
    wishes = Wishes({"boiler": 0.2}, "debug", False)
    async with at_work(tmp_path, modbus_server.port) as rig:
        session = await rig.connected()
        assert min(await rig.pauses_s(5)) < 0.1
        assert (await rig.asked("c-1"))["status"] == "done"
        assert session.wish(wishes) == {}
        await until(lambda: "wishes" in facts_in(tmp_path / "state" / ENDPOINTS_FILE).get("hub", {}))
        assert min(await rig.pauses_s(2)) > 0.1
        refused = await rig.asked("c-2")
        assert (refused["status"], refused["reason"]) == ("rejected", "policy")
        assert logging.getLogger("fieldgate").level == logging.DEBUG
        assert rig.gateway.inside.status()["endpoints"]["hub"]["wished"] == {
            "interval_s": {"boiler": 0.2},
            "level": "debug",
            "commands": False,
        }
    logging.getLogger("fieldgate").setLevel(logging.INFO)
    async with at_work(tmp_path, modbus_server.port) as rig:
        assert logging.getLogger("fieldgate").level == logging.DEBUG
        session = await rig.connected()
        assert min(await rig.pauses_s(2)) > 0.1
        assert (await rig.asked("c-3"))["reason"] == "policy"
        assert session.wish(Wishes()) == {}
        assert (await rig.asked("c-4"))["status"] == "done"
        assert min(await rig.pauses_s(5)) < 0.1
        assert rig.gateway.inside.status()["endpoints"]["hub"]["wished"] == {}


async def test_an_endpoint_is_told_how_the_gateway_and_its_devices_are(
    tmp_path: Path, modbus_server: ModbusServer
) -> None:
    async with at_work(tmp_path, modbus_server.port) as rig:
        session = await rig.connected()
        await rig.pauses_s(1)
        facts = session.facts()
        assert json.loads(json.dumps(facts)) == facts
        boiler = facts["devices"]["boiler"]
        assert (boiler["state"], boiler["reason"], boiler["link"]) == ("online", None, "plc")
        assert boiler["since"].endswith("Z")
        assert facts["links"] == {"plc": {"state": "up", "fault": None}}
        assert set(facts) == {"gateway", "version", "config", "system_clock", "devices", "links", "outbox"}
        assert set(facts["outbox"]) == {"waiting", "fault"}
