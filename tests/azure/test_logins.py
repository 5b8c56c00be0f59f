"""Whom the endpoint connects to and as whom, what it is told when it is not let in, and what it listens to."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from gateway.endpoints.azure_iot_hub import AzureIotHubEndpoint
from gateway.endpoints.azure_iot_hub.dps import registration
from gateway.endpoints.azure_iot_hub.logins import DPS_REST_S
from gateway.endpoints.contract import EndpointError, Identity, Memory, Renewed
from gateway.model import Wishes
from tests.azure.setup import BOX, config, endpoint
from tests.support.authority import Authority
from tests.support.iothub import Dps, IotHub, MethodFailed
from tests.support.iothub.dps import SCOPE
from tests.support.session import SessionLog, connected

METHODS = "$iothub/methods/POST/#"
TWIN = ("$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#")


@pytest.fixture
def dps(authority: Authority, hub: IotHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dps]:
    """It knows `box` and assigns it to the hub, under its own derived key; asked as often as one likes."""
    monkeypatch.setattr(registration, "PAUSE_S", 0.0)
    with Dps(authority, hub) as service:
        service.enrol(BOX, device_id="box-7")
        yield service


def by(dps: Dps) -> dict[str, object]:
    return {
        "id_scope": SCOPE,
        "registration_id": BOX,
        "group_key": dps.group_key,
        "host": "localhost",
        "port": dps.port,
    }


async def refused_in_passing(hub: IotHub, dps: Dps) -> Memory:
    """What an endpoint knows that was let in once, and then was not."""
    memory: Memory = {}
    async with connected(endpoint(hub, memory, dps=by(dps))):
        pass
    hub.faults.connacks = [5]
    with pytest.raises(EndpointError, match="does not let box-7 in"):
        await endpoint(hub, memory, dps=by(dps)).run(SessionLog())
    return memory


async def test_a_hub_that_refuses_has_provisioning_asked_once_and_not_at_each_try(hub: IotHub, dps: Dps) -> None:
    memory: Memory = {}
    async with connected(endpoint(hub, memory, dps=by(dps))):
        pass
    hub.devices["box-7"].enabled = False
    for _ in range(4):
        with pytest.raises(EndpointError, match="does not let box-7 in"):
            await endpoint(hub, memory, dps=by(dps)).run(SessionLog())
    assert len(dps.ends) == 2, "at the first connection, and after the first refusal"
    hub.devices["box-7"].enabled = True
    async with connected(endpoint(hub, memory, dps=by(dps))):
        assert len(dps.ends) == 2


async def test_that_provisioning_can_not_be_asked_anew_is_no_reason_not_to_try_where_we_were(
    hub: IotHub, dps: Dps
) -> None:
    """A firewall may let through to the hub alone."""
    memory = await refused_in_passing(hub, dps)
    await asyncio.to_thread(dps.stop)
    async with connected(endpoint(hub, memory, dps=by(dps))):
        assert hub.is_online("box-7")


async def test_who_was_never_assigned_can_only_ask(hub: IotHub, dps: Dps) -> None:
    await asyncio.to_thread(dps.stop)
    with pytest.raises(EndpointError, match="device provisioning"):
        await endpoint(hub, {}, dps=by(dps)).run(SessionLog())


async def test_an_enrollment_that_is_disabled_is_asked_for_again_though_seldom(hub: IotHub, dps: Dps) -> None:
    """It is enabled there, by somebody who can't start this box anew."""
    dps.enrollments[BOX].status = "disabled"
    with pytest.raises(EndpointError, match="is disabled; enable it there") as told:
        await endpoint(hub, {}, dps=by(dps)).run(SessionLog())
    assert told.value.rest_s == DPS_REST_S


async def test_an_enrollment_that_was_disabled_since_keeps_out_nobody_whom_the_hub_takes(hub: IotHub, dps: Dps) -> None:
    """What the hub refused in passing would else be refused for ever, over restarts, too."""
    memory = await refused_in_passing(hub, dps)
    dps.enrollments[BOX].status = "disabled"
    async with connected(endpoint(hub, memory, dps=by(dps))):
        assert hub.is_online("box-7")


async def test_another_hub_or_device_has_nothing_of_what_was_told_before(hub: IotHub) -> None:
    memory: Memory = {}
    hub.add_device("other")
    kept = []
    for device in (BOX, BOX, "other", "other", BOX):
        cloud = endpoint(hub, memory, connection_string=hub.connection_string(device))
        async with connected(cloud):
            kept.append(cloud.keeps_announcements)
    assert kept == [False, True, False, True, False]


@pytest.mark.parametrize(
    ("code", "advice"),
    [(1, "what answers there?"), (2, "what answers there?"), (3, "it is tried again"), (4, "check host and device_id")],
)
async def test_a_refusal_comes_with_what_can_be_done_here(hub: IotHub, code: int, advice: str) -> None:
    hub.faults.connacks = [code]
    with pytest.raises(EndpointError, match=f"^localhost .*{re.escape(advice)}"):
        await endpoint(hub).run(SessionLog())


async def test_what_was_subscribed_while_commands_were_taken_is_over_when_they_are_not(hub: IotHub) -> None:
    """The hub would else hand over what waits there, and whoever has sent it be told that it was taken."""
    async with connected(endpoint(hub)):
        await asyncio.to_thread(hub.wait_online, BOX, METHODS)
    await asyncio.to_thread(hub.send, BOX, b"{}")
    async with connected(endpoint(hub, commands=False)) as session:
        await asyncio.to_thread(hub.wait_online, BOX, *TWIN)
        assert session.deliveries == []
        with pytest.raises(MethodFailed, match="404103"):
            await asyncio.to_thread(hub.call, BOX, "ping")
    async with connected(endpoint(hub)) as session:
        await session.until(lambda: session.deliveries)


async def test_who_may_only_listen_is_not_called_and_a_hub_without_twins_is_not_asked(hub: IotHub) -> None:
    async with connected(endpoint(hub, commands=False)):
        await asyncio.to_thread(hub.wait_online, BOX, *TWIN)
        assert set(hub.devices[BOX].subscriptions) == set(TWIN)
    hub.devices[BOX].subscriptions.clear()
    async with connected(endpoint(hub, twin=False)) as session:
        await asyncio.to_thread(hub.wait_online, BOX, METHODS)
        assert not set(TWIN) & set(hub.devices[BOX].subscriptions)
        assert session.wishes == [Wishes()], "what a twin has desired before is over: nobody could take it back"
    assert hub.violations == []


async def test_a_caller_who_waits_and_waits_holds_up_no_renewal(hub: IotHub) -> None:
    """Else the token would end meanwhile, and the hub cut in the midst of what is under way."""
    session = SessionLog(said_goodbye=False)
    cloud = endpoint(hub, ack_timeout="200ms", method_timeout="5min")
    task = asyncio.create_task(cloud.run(session))
    await session.until(lambda: session.window)
    await asyncio.to_thread(hub.wait_online, BOX, METHODS)
    calling = asyncio.create_task(asyncio.to_thread(hub.call, BOX, "ping"))
    await session.until(lambda: session.deliveries)
    cloud.renew("for a test")
    assert session.paused
    with pytest.raises(Renewed):
        await task
    with pytest.raises(Exception, match="404103"):
        await calling


def test_people_are_told_what_the_hub_knows_this_box_as(hub: IotHub, authority: Authority) -> None:
    who = Identity("gw", "cloud", ())
    told = AzureIotHubEndpoint.describe(config(hub), who, {})
    assert told == {
        "gateway": "gw",
        "hub": "localhost",
        "device": BOX,
        "address": f"127.0.0.1:{hub.port}",
        "proof": "key, tokens for 1h",
    }
    cert, key = authority.issue("press")
    tls = {"ca": str(hub.ca), "cert": str(cert), "key": str(key)}
    told = AzureIotHubEndpoint.describe(config(hub, host=hub.host, device_id="press", tls=tls), who, {})
    assert (told["proof"], told["certificate"], len(told["sha1"]), len(told["sha256"])) == (
        "certificate",
        "CN=press",
        40,
        64,
    )
    cert.unlink()
    told = AzureIotHubEndpoint.describe(config(hub, host=hub.host, device_id="press", tls=tls), who, {})
    assert "can't be read" in told["certificate"]


async def test_people_are_told_who_was_assigned_and_when(hub: IotHub, dps: Dps) -> None:
    who, memory = Identity("gw", "cloud", ()), dict[str, object]()
    settings = config(hub, dps=by(dps))
    told = AzureIotHubEndpoint.describe(settings, who, memory)
    assert (told["hub"], told["registration"], "assigned" in told) == ("not assigned yet", BOX, False)
    await AzureIotHubEndpoint.enrol(settings, memory)
    told = AzureIotHubEndpoint.describe(settings, who, memory)
    assert (told["hub"], told["device"], told["assigned"][-1]) == ("localhost", "box-7", "Z")
    assert dps.group_key not in str(told)
