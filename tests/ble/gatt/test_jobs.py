import asyncio

import pytest

from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.job import Job
from adapters.ble.gatt.jobs import Jobs
from adapters.ble.gatt.party import GattParty
from adapters.ble.simulator.bluez import Radio
from gateway.adapter import Wrote
from gateway.model import Command, Result, ResultStatus
from tests.ble.gatt.site import DEADLINE_S, LEVEL, device, sensor, site, until
from tests.support.emitted import untold

OTHER = "C0:FF:EE:00:00:77"


async def never(_connection: Connection, _wrote: Wrote) -> Result:
    raise AssertionError("nobody is connected")


async def test_what_comes_when_all_is_over_is_answered_at_once() -> None:
    jobs = Jobs(0.2, lambda: False)
    jobs.drop()
    late = Job(never, untold)
    jobs.add(late)
    assert late.outcome.result().status is ResultStatus.UNREACHABLE
    assert not jobs


async def test_a_defect_while_a_stranger_is_looked_at_ends_the_radio_and_is_told(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = GattParty._attempt

    async def fail(party: GattParty) -> None:
        if party.name == "heard":
            raise ZeroDivisionError
        await attempt(party)

    monkeypatch.setattr(GattParty, "_attempt", fail)
    points = {"battery": {"characteristic": LEVEL, "type": "uint8"}}
    heard = {"link": "radio", "address": OTHER, "decoder": "auto", "points": {"rssi": {}}}
    results: list[Result] = []

    async def look() -> None:
        async with site(radio, [sensor()], {"sensor": device(points=points), "heard": heard}) as here:
            deadline_s = asyncio.get_running_loop().time() + DEADLINE_S
            results.append(await here.adapter.peek(Command("c", "heard", deadline_s, peek="gatt")))
            await until(lambda: here.emitted.over)

    with pytest.raises(ZeroDivisionError):
        await look()
    assert [result.status for result in results] == [ResultStatus.UNREACHABLE]
