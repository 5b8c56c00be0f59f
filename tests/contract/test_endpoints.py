"""What every endpoint promises, ours or a stranger's."""

import asyncio
import pkgutil
import socket
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.endpoints.contract import EndpointError
from tests.contract.blocking import blocking_calls
from tests.contract.endpoint_rigs import ENDPOINT_RIGS, EndpointRig
from tests.support.ports import free_port
from tests.support.session import SessionLog, connected, message
from tests.support.sockets import black_hole, open_sockets

BOUND_S = 5.0
"""Far more than `connect_timeout` in the rigs."""


@pytest.fixture(params=ENDPOINT_RIGS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EndpointRig]:
    async with ENDPOINT_RIGS[request.param](tmp_path) as running_rig:
        yield running_rig


def test_every_endpoint_of_ours_is_held_to_the_contract() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = project["entry-points"]["fieldgate.endpoints"]
    assert {name.partition(" ")[0] for name in ENDPOINT_RIGS} == set(ours)
    for reference in ours.values():
        pkgutil.resolve_name(reference)


def test_making_an_instance_needs_no_loop_and_does_nothing(rig: EndpointRig) -> None:
    sockets = open_sockets()
    rig.make()
    assert open_sockets() == sockets


async def test_it_says_how_much_may_be_sent(rig: EndpointRig) -> None:
    async with connected(rig.make()) as session:
        assert session.window >= 1
        assert session.max_bytes >= 1024


async def test_every_message_gets_one_word_under_its_token(rig: EndpointRig) -> None:
    endpoint = rig.make()
    async with connected(endpoint) as session:
        for token in (7, 3, 2**40):
            endpoint.publish(message(token))
        acks = await session.acked(7, 3, 2**40)
        assert sorted((ack.token, ack.code) for ack in acks) == [(3, 0), (7, 0), (2**40, 0)]


async def test_nothing_is_kept_back_after_a_flush_and_a_flush_of_nothing_does_nothing(rig: EndpointRig) -> None:
    endpoint = rig.make()
    async with connected(endpoint) as session:
        endpoint.flush()
        endpoint.publish(message(1))
        endpoint.flush()
        await session.acked(1)
        endpoint.flush()
        assert len(session.acks) == 1


@pytest.mark.parametrize("said_goodbye", [True, False], ids=["after a goodbye", "without one"])
async def test_a_cancellation_closes_the_connection_politely_after_a_goodbye_only_and_is_not_swallowed(
    rig: EndpointRig, said_goodbye: bool
) -> None:
    tasks, sockets = asyncio.all_tasks(), open_sockets()
    session = SessionLog(said_goodbye=said_goodbye)
    task = asyncio.create_task(rig.make().run(session))
    await session.until(lambda: session.window)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() <= tasks
    assert open_sockets() <= sockets
    await (rig.saw_goodbye() if said_goodbye else rig.spoke_the_will())


async def test_a_cancellation_at_any_moment_of_the_start_closes_everything(rig: EndpointRig) -> None:
    sockets = open_sockets()
    for steps in range(25):
        task = asyncio.create_task(rig.make().run(SessionLog()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await asyncio.sleep(0)
    assert open_sockets() <= sockets


async def test_a_port_where_nobody_listens_is_an_error_at_once(rig: EndpointRig) -> None:
    async with asyncio.timeout(BOUND_S):
        with pytest.raises(EndpointError, match="connect"):
            await rig.make(free_port()).run(SessionLog())


async def test_a_far_end_that_never_answers_the_connection_is_an_error_in_bounded_time(rig: EndpointRig) -> None:
    with black_hole() as port:
        async with asyncio.timeout(BOUND_S):
            with pytest.raises(EndpointError, match="does not answer"):
                await rig.make(port).run(SessionLog())


async def test_a_far_end_that_takes_the_connection_and_says_nothing_is_an_error_in_bounded_time(
    rig: EndpointRig,
) -> None:
    sockets = open_sockets()
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        async with asyncio.timeout(BOUND_S):
            with pytest.raises(EndpointError, match="does not answer"):
                await rig.make(server.getsockname()[1]).run(SessionLog())
    await asyncio.sleep(0)
    assert open_sockets() <= sockets


async def test_a_fresh_instance_takes_over_after_each_connection(rig: EndpointRig) -> None:
    for token in range(3):
        endpoint = rig.make()
        async with connected(endpoint) as session:
            endpoint.publish(message(token))
            await session.acked(token)
        await rig.saw_goodbye()


async def test_nothing_blocks_the_loop(rig: EndpointRig) -> None:
    with blocking_calls() as blocked:
        endpoint = rig.make()
        async with connected(endpoint) as session:
            for token in range(100):
                endpoint.publish(message(token))
            await session.acked(*range(100))
    assert blocked == []


def test_unknown_keys_are_refused_and_the_model_has_a_schema(rig: EndpointRig) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        rig.endpoint.Config.model_validate({"nonsense": 1})
    assert rig.endpoint.Config.model_json_schema()["additionalProperties"] is False
