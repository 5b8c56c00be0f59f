"""Scans of links that are served, that are not, and that must be let go of."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from gateway.adapter import Adapter, AdapterError, DeviceConfig, Emit, LinkConfig, Progress, Rejected, Tell, to_nobody
from gateway.config.site import LinkSetup
from gateway.field import Field
from gateway.link import FieldLink
from gateway.model import Command, Result, ResultStatus
from gateway.scans import Scans
from tests.outbox.setup import until

FOUND = [{"unit_id": 1}]


class Radio(Adapter):
    """Runs until it is cancelled; a scan and a survey take until `go` is set."""

    Link, Device = LinkConfig, DeviceConfig
    log: list[str]
    go: asyncio.Event

    def __init__(self, link: Any, devices: Mapping[str, Any], memory: Any) -> None:
        pass

    async def run(self, emit: Emit) -> None:
        self.log.append("run")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.log.append("ended")

    async def execute(self, command: Command, wrote: Any) -> Result:
        return Result(ResultStatus.DONE)

    async def scan(self, options: Mapping[str, Any], tell: Tell = to_nobody) -> list[dict[str, Any]]:
        return await self._look("scan", tell)

    @classmethod
    def scans_alone(cls, link: Any, options: Mapping[str, Any]) -> bool:
        return "alone" in options

    @classmethod
    async def survey(cls, link: Any, devices: Any, options: Mapping[str, Any], tell: Tell) -> list[dict[str, Any]]:
        if "broken" in options:
            raise AdapterError("broken")
        return await cls._look("survey", tell)

    @classmethod
    async def _look(cls, what: str, tell: Tell) -> list[dict[str, Any]]:
        tell(Progress(0, 1, 1.0))
        cls.log.append(what)
        try:
            await cls.go.wait()
        finally:
            cls.log.append(f"{what} ended")
        return FOUND


class Rig:
    """A link `bus` that is served and a link `spare` that is not."""

    def __init__(self) -> None:
        Radio.log, Radio.go = [], asyncio.Event()
        self.log = Radio.log
        self.answering: list[str] = []
        config = LinkConfig.model_validate({"adapter": "radio", "reconnect": {"min": "10ms", "max": "10ms"}})
        self.link = FieldLink(
            "bus",
            adapter=Radio,
            config=config,
            devices={},
            memory={},
            field=Field({}, lambda: 0),
            max_queue=1,
        )
        setup = LinkSetup("radio", config, {})
        self.scans = Scans(
            {"bus": setup, "spare": setup}, {"bus": self.link}, {"radio": Radio}, lambda _: self.answering
        )
        self.serving = asyncio.create_task(self.link.supervised.run())

    async def logged(self, *lines: str) -> None:
        await until(lambda: self.log == list(lines))

    def scan(self, link: str, **options: Any) -> "asyncio.Task[list[dict[str, Any]]]":
        return asyncio.create_task(self.scans.scan(link, options))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    await made.logged("run")
    yield made
    made.serving.cancel()
    await asyncio.gather(made.serving, return_exceptions=True)


async def test_a_served_link_is_scanned_beside_its_polls(rig: Rig) -> None:
    Radio.go.set()
    assert await rig.scan("bus") == FOUND
    assert rig.log == ["run", "scan", "scan ended"]


async def test_a_link_that_nobody_serves_is_surveyed(rig: Rig) -> None:
    Radio.go.set()
    assert await rig.scan("spare") == FOUND
    assert rig.log == ["run", "survey", "survey ended"]


async def test_what_needs_the_link_alone_gets_it_and_it_is_served_again_afterwards(rig: Rig) -> None:
    scan = rig.scan("bus", alone=True)
    await rig.logged("run", "ended", "survey")
    assert "a scan has the link" in (rig.link.supervised.fault or "")
    Radio.go.set()
    assert await scan == FOUND
    await rig.logged("run", "ended", "survey", "survey ended", "run")


async def test_a_link_on_which_a_device_answers_is_not_let_go_of(rig: Rig) -> None:
    rig.answering = ["meter"]
    with pytest.raises(Rejected, match="meter answers on bus as it is set") as caught:
        await rig.scan("bus", alone=True)
    assert caught.value.reason == "in-use"
    assert rig.log == ["run"]


@pytest.mark.parametrize("ending", ["cancelled", "broken"])
async def test_however_it_ends_the_link_is_served_again(rig: Rig, ending: str) -> None:
    scan = rig.scan("bus", alone=True, **({"broken": True} if ending == "broken" else {}))
    if ending == "cancelled":
        await until(lambda: "survey" in rig.log)
        scan.cancel()
    await asyncio.gather(scan, return_exceptions=True)
    await until(lambda: rig.log[-1] == "run" and len(rig.log) > 1)
    assert not rig.serving.done()


async def test_again_and_again_no_two_are_on_the_link_at_once(rig: Rig) -> None:
    Radio.go.set()
    for _ in range(5):
        await rig.scan("bus", alone=True)
    await until(lambda: rig.log[-1] == "run")
    users = 0
    for line in rig.log:
        users += -1 if line.endswith("ended") else 1
        assert users in {0, 1}, rig.log


async def test_of_a_link_there_is_one_scan_at_a_time_and_others_go_on(rig: Rig) -> None:
    first = rig.scan("spare")
    await until(lambda: "survey" in rig.log)
    with pytest.raises(Rejected) as caught:
        await rig.scan("spare")
    assert caught.value.reason == "busy"
    other = rig.scan("bus")
    await until(lambda: "scan" in rig.log)
    Radio.go.set()
    assert (await first, await other) == (FOUND, FOUND)
    assert await rig.scan("spare") == FOUND


async def test_only_those_who_watch_this_link_are_told(rig: Rig) -> None:
    Radio.go.set()
    bus: list[Progress] = []
    spare: list[Progress] = []
    with rig.scans.watched("bus", bus.append), rig.scans.watched("spare", spare.append):
        await rig.scan("spare")
    await rig.scan("spare")
    assert (bus, spare) == ([], [Progress(0, 1, 1.0)])


async def test_a_stop_while_the_link_is_let_go_of_ends_everything(rig: Rig) -> None:
    scan = rig.scan("bus", alone=True)
    await until(lambda: "survey" in rig.log)
    rig.serving.cancel()
    await asyncio.gather(rig.serving, return_exceptions=True)
    scan.cancel()
    await asyncio.gather(scan, return_exceptions=True)
    assert rig.log == ["run", "ended", "survey", "survey ended"]
