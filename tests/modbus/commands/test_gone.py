"""Writing to a device that does not answer: it is asked first, tried at once, and not touched in vain."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.model import Command, DeviceState, Result, ResultStatus
from tests.modbus.bus.test_dead import Site, dev, run
from tests.modbus.faulty import FaultyServer, Query, faulty_server, hang, well
from tests.modbus.setup import adapter_to, device
from tests.support.emitted import running, untold

WRITABLE: dict[str, dict[str, Any]] = {
    "pump": {"address": 8, "table": "coil", "type": "bool", "writable": True},
    "level": {"address": 10, "writable": True, "verify": True},
}
READS = {1, 2, 3, 4}


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with faulty_server() as faulty:
        yield faulty


async def write(adapter: Any, **values: Any) -> Result:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", "d", deadline_s, write=values), untold)  # type: ignore[no-any-return]


def behind_a_gateway(code: int) -> Any:
    return lambda query: query.refused(code)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("silence", [hang, behind_a_gateway(0x0A), behind_a_gateway(0x0B)])
async def test_a_write_to_a_dead_device_tries_it_now_and_does_not_touch_it(server: FaultyServer, silence: Any) -> None:
    server.react = silence
    adapter = adapter_to(server.port, {"d": device(WRITABLE, timeout="200ms", every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        asked = len(server.queries)
        result = await write(adapter, pump=True, level=1)
    assert result.status is ResultStatus.UNREACHABLE
    assert result.detail is not None
    assert "nothing was written" in result.detail
    assert len(server.queries) > asked
    assert {query.function for query in server.queries} <= READS


@pytest.mark.usefixtures("impatient")
async def test_a_read_of_a_dead_device_is_one_request(server: FaultyServer) -> None:
    server.react = hang
    points = {f"r{address}": {"address": address} for address in range(0, 2000, 200)}
    adapter = adapter_to(server.port, {"d": device(points, timeout="200ms", every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        asked, deadline_s = len(server.queries), asyncio.get_running_loop().time() + 5
        result = await adapter.execute(Command("c", "d", deadline_s, read=tuple(points)), untold)
        assert len(server.queries) - asked <= 2, "and a probe at the same time, perhaps"
    assert (result.status, set(result.bad)) == (ResultStatus.UNREACHABLE, set(points))


@pytest.mark.usefixtures("impatient")
async def test_a_dead_device_that_is_back_is_written_to_at_once(server: FaultyServer) -> None:
    server.react = hang
    adapter = adapter_to(server.port, {"d": device(WRITABLE, timeout="200ms", every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        server.react = well
        assert await write(adapter, pump=True) == Result(ResultStatus.DONE, values={"pump": True})
        await emitted.state("d", DeviceState.ONLINE)


@pytest.mark.usefixtures("impatient")
async def test_a_device_that_refuses_the_question_is_there_and_written_to(server: FaultyServer) -> None:
    server.react = hang
    adapter = adapter_to(server.port, {"d": device(WRITABLE, timeout="200ms", every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        server.react = lambda query: query.refused(2) if query.function in READS else query.good()
        assert (await write(adapter, pump=True)).status is ResultStatus.DONE


async def test_a_device_that_answers_is_not_asked_first(server: FaultyServer) -> None:
    adapter = adapter_to(server.port, {"d": device(WRITABLE, every="1h")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.ONLINE)
        asked = len(server.queries)
        await write(adapter, pump=True)
    assert [query.function for query in server.queries[asked:]] == [5]


@pytest.mark.usefixtures("impatient")
async def test_a_device_of_which_nothing_can_be_read_comes_back_too(server: FaultyServer) -> None:
    def write_only(query: Query) -> bytes:
        return query.refused(2) if query.function in READS else query.good()

    server.react = hang
    points = {"pump": WRITABLE["pump"], "valve": {**WRITABLE["pump"], "address": 9}}
    adapter = adapter_to(server.port, {"d": device(points, timeout="200ms", probe_every="1s")})
    async with running(adapter) as emitted:
        await emitted.state("d", DeviceState.OFFLINE)
        server.react = write_only
        await emitted.until(lambda: emitted.states("d")[-1] is not DeviceState.OFFLINE)
        assert (await write(adapter, pump=True, valve=True)).status is ResultStatus.DONE


def test_on_a_line_a_write_to_a_dead_device_costs_one_small_request() -> None:
    points = {name: {**point, "verify": False} for name, point in WRITABLE.items()}
    lonely = device(points, unit_id=1, every="1s", timeout="500ms")

    async def happens(site: Site) -> None:
        site.silent.add(1)
        await asyncio.sleep(60)
        since_s = site.loop.time()
        result = await site.session.write("a", {"pump": True, "level": 1}, since_s + 10, untold)
        assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "timeout")
        assert len(site.asked(1, since_s)) == 1
        assert site.loop.time() - since_s < 1.5
        assert not {request[1] for _, request in site.asked(1)} - READS
        site.silent.clear()
        since_s = site.loop.time()
        result = await site.session.write("a", {"pump": True, "level": 1}, since_s + 10, untold)
        assert result.status is ResultStatus.DONE
        asked = [request[1] for _, request in site.asked(1, since_s)]
        assert asked[0] in READS
        assert [function for function in asked if function not in READS] == [5, 6]

    run({"a": lonely, "b": dev(2)}, happens)
