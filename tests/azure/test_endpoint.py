"""The endpoint against a server that enforces the contract: whatever it sends must be as the hub wants it."""

import asyncio
import json
from collections.abc import Sized
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.endpoints.contract import EndpointError, Memory, Renewed
from gateway.model import Result, ResultStatus, Wishes
from tests.azure.setup import BOX, endpoint
from tests.support.authority import Authority
from tests.support.iothub import Dps, IotHub, key_of
from tests.support.iothub.dps import SCOPE
from tests.support.patience import HANG_S
from tests.support.session import SessionLog, connected, message

ENVELOPE = (
    b'{"v":1,"kind":"reading","gateway":"gw","stream":"cloud","session":7,"seq":%d,"device":"boiler",'
    b'"time":"2026-11-23T09:01:02.345Z","values":{"t":1.5}}'
)


async def test_a_reading_arrives_with_what_routes_and_storage_need(hub: IotHub) -> None:
    cloud = endpoint(hub)
    async with connected(cloud) as session:
        cloud.publish(message(1, ENVELOPE % 4711))
        assert [ack.code for ack in await session.acked(1)] == [0]
    (stored,) = hub.telemetry
    assert stored.body == ENVELOPE % 4711
    assert stored.system == {
        "message-id": "cloud-7-4711",
        "content-type": "application/json",
        "content-encoding": "utf-8",
    }
    assert stored.properties == {
        "iothub-creation-time-utc": "2026-11-23T09:01:02.345Z",
        "kind": "reading",
        "gateway": "gw",
        "device": "boiler",
    }
    assert hub.violations == []


async def test_batches_hold_one_devices_readings_and_fill_the_meter_with_their_properties(hub: IotHub) -> None:
    cloud = endpoint(hub, batch={"max_age": "100ms"})
    async with connected(cloud) as session:
        for token in range(90):
            cloud.publish(message(token, ENVELOPE % token, device=("boiler", "pump", "meter")[token % 3]))
        await session.acked(*range(90))
    assert {stored.properties["device"] for stored in hub.telemetry} == {"boiler", "pump", "meter"}
    for stored in hub.telemetry:
        seqs = [each["seq"] for each in json.loads(stored.body)]
        assert seqs == sorted(seqs)
        assert len({seq % 3 for seq in seqs}) == 1
        assert stored.size <= 4096
    assert max(stored.size for stored in hub.telemetry) > 4096 - 300
    assert len({stored.system["message-id"] for stored in hub.telemetry}) == len(hub.telemetry)
    assert hub.violations == []


async def test_mixed_batches_fill_better_and_name_no_device(hub: IotHub) -> None:
    cloud = endpoint(hub, batch={"per_device": False, "max_age": "1min"})
    async with connected(cloud) as session:
        for token in range(10):
            cloud.publish(message(token, ENVELOPE % token, device=f"d{token}"))
        cloud.flush()
        await session.acked(*range(10))
    (stored,) = hub.telemetry
    assert "device" not in stored.properties


async def test_a_token_is_renewed_in_good_order_before_it_ends(hub: IotHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.endpoints.azure_iot_hub.tokens.RENEWED_AT", 0.002)
    monkeypatch.setattr("gateway.endpoints.azure_iot_hub.tokens.EARLIER", 0.0)
    session = SessionLog(said_goodbye=False)
    cloud = endpoint(hub, token_lifetime="60s")
    task = asyncio.create_task(cloud.run(session))
    await session.until(lambda: session.window)
    cloud.publish(message(1, ENVELOPE % 1))
    with pytest.raises(Renewed, match="token"):
        await task
    assert session.paused
    assert [ack.token for ack in session.acks] == [1]
    await asyncio.to_thread(hub.wait_until, lambda: ("box", "disconnect") in hub.ends)


async def test_a_renewal_waits_for_the_answer_of_a_method(hub: IotHub) -> None:
    session = SessionLog(said_goodbye=False)
    cloud = endpoint(hub)
    task = asyncio.create_task(cloud.run(session))
    await session.until(lambda: session.window)
    await asyncio.to_thread(hub.wait_online, BOX, "$iothub/methods/POST/#")
    call = asyncio.create_task(asyncio.to_thread(hub.call, BOX, "write", {"device": "boiler", "write": {"t": 5}}))
    await session.until(lambda: session.deliveries)
    cloud.renew("for a test")
    answered = session.deliveries[0].answered
    assert answered is not None
    answered("c-1", Result(ResultStatus.DONE, values={"t": 5}))
    answer = await call
    assert (answer.status, answer.payload) == (200, {"command": "c-1", "status": "done", "values": {"t": 5}})
    with pytest.raises(Renewed):
        await task


def _has(things: Sized, number: int) -> bool:
    return len(things) >= number


async def test_a_method_is_a_command_with_an_id_of_its_own(hub: IotHub) -> None:
    async with connected(endpoint(hub)) as session:
        await asyncio.to_thread(hub.wait_online, BOX, "$iothub/methods/POST/#")
        for number in range(12):  # request ids are hexadecimal
            call = asyncio.create_task(asyncio.to_thread(hub.call, BOX, "ping"))
            await session.until(partial(_has, session.deliveries, number + 1))
            delivery = session.deliveries[number]
            body = json.loads(delivery.payload)
            assert body == {"id": body["id"], "invoke": "ping"}
            assert delivery.answered is not None
            delivery.answered(body["id"], Result(ResultStatus.DONE))
            assert (await call).status == 200
        assert len({json.loads(each.payload)["id"] for each in session.deliveries}) == 12
    assert hub.violations == []


async def test_who_calls_for_what_takes_long_is_told_to_wait_for_its_result(hub: IotHub) -> None:
    async with connected(endpoint(hub, method_timeout="100ms")) as session:
        await asyncio.to_thread(hub.wait_online, BOX, "$iothub/methods/POST/#")
        body = {"id": "c-9", "device": "boiler", "write": {"t": 5}}
        answer = await asyncio.to_thread(hub.call, BOX, "write", body)
        assert (answer.status, answer.payload["command"], answer.payload["status"]) == (202, "c-9", "pending")
        assert session.deliveries[0].answered is not None
        session.deliveries[0].answered("c-9", Result(ResultStatus.DONE))
    assert hub.violations == []
    assert hub.late_answers == []


@pytest.mark.parametrize("body", [[1], {"device": "boiler"}, "text"])
async def test_a_method_whose_body_is_no_command_is_answered_at_once(hub: IotHub, body: object) -> None:
    async with connected(endpoint(hub)) as session:
        await asyncio.to_thread(hub.wait_online, BOX, "$iothub/methods/POST/#")
        answer = await asyncio.to_thread(hub.call, BOX, "write", body)
        assert (answer.status, answer.payload["reason"]) == (400, "malformed")
        assert session.deliveries == []


@pytest.mark.parametrize("over_websocket", [False, True])
async def test_a_method_with_the_largest_body_that_the_hub_passes_on_is_answered(
    hub: IotHub, *, over_websocket: bool
) -> None:
    """Whoever may call methods could else end the connection whenever he likes."""
    more: dict[str, Any] = {"connect": f"ws:127.0.0.1:{hub.websocket_port}"} if over_websocket else {}
    async with connected(endpoint(hub, **more)):
        await asyncio.to_thread(hub.wait_online, BOX, "$iothub/methods/POST/#")
        answer = await asyncio.to_thread(hub.call, BOX, "write", "x" * (128 * 1024 - len('""')))
        assert (answer.status, answer.payload["reason"]) == (400, "malformed")
    assert hub.violations == []


async def test_a_message_to_the_device_is_a_command_and_gone_once_it_is_accepted(hub: IotHub) -> None:
    name = hub.send(BOX, {"id": "c-1", "write": {"t": 5}}, {"device": "boiler"})
    async with connected(endpoint(hub)) as session:
        await session.until(lambda: session.deliveries)
        delivery = session.deliveries[0]
        assert (delivery.device, json.loads(delivery.payload)["id"], delivery.answered) == ("boiler", "c-1", None)
        assert hub.feedback(BOX) == []
        delivery.accept()
        await asyncio.to_thread(hub.wait_until, lambda: [each.message_id for each in hub.feedback(BOX)] == [name])
    assert hub.violations == []


async def test_what_came_later_is_acknowledged_later_though_it_was_done_with_at_once(hub: IotHub) -> None:
    name = hub.send(BOX, {"id": "c-1", "write": {"t": 5}})
    async with connected(endpoint(hub)) as session:
        await session.until(lambda: session.deliveries)
        hub.desire(BOX, {"log": {"level": "debug"}})
        await session.until(lambda: session.wishes and session.wishes[-1].level == "debug")
        session.deliveries[0].accept()
        await asyncio.to_thread(hub.wait_until, lambda: [each.message_id for each in hub.feedback(BOX)] == [name])
    assert hub.violations == []


async def test_over_a_websocket_it_is_the_same(hub: IotHub) -> None:
    cloud = endpoint(hub, connect=f"ws:127.0.0.1:{hub.websocket_port}")
    async with connected(cloud) as session:
        cloud.publish(message(1, ENVELOPE % 1))
        await session.acked(1)
    assert len(hub.telemetry) == 1


async def test_a_certificate_opens_it_too(hub: IotHub, authority: Authority) -> None:
    cert, key = authority.issue("press")
    hub.add_device("press", by_common_name=True)
    tls = {"ca": str(hub.ca), "cert": str(cert), "key": str(key)}
    cloud = endpoint(hub, host=hub.host, device_id="press", tls=tls)
    async with connected(cloud) as session:
        cloud.publish(message(1, ENVELOPE % 1))
        await session.acked(1)
    assert [stored.device for stored in hub.telemetry] == ["press"]
    assert hub.violations == []


async def test_when_one_key_is_refused_the_other_is_tried(hub: IotHub) -> None:
    memory: Memory = {}
    keys = {"host": hub.host, "device_id": BOX, "key": key_of("no longer"), "secondary_key": hub.devices[BOX].keys[1]}
    with pytest.raises(EndpointError, match=r"does not let box in: .* its key, and this box's clock"):
        await endpoint(hub, memory, **keys).run(SessionLog())
    async with connected(endpoint(hub, memory, **keys)):
        pass


async def test_a_hub_without_messages_left_is_named_and_nothing_is_lost(hub: IotHub) -> None:
    hub.faults.quota_spent = True
    memory: Memory = {}
    told = []
    for _ in range(3):
        session, cloud = SessionLog(said_goodbye=False), endpoint(hub, memory)
        task = asyncio.create_task(cloud.run(session))
        await session.connects()
        cloud.publish(message(1, ENVELOPE % 1))
        with pytest.raises(EndpointError) as error:
            await task
        told.append(str(error.value))
        assert error.value.cut
        assert session.acks == []
    assert "several times in a row, and nothing was acknowledged: its messages for today may be spent" in told[2]
    assert not any("spent" in text for text in told[:2])


async def test_a_second_box_with_this_identity_is_named_and_given_room(hub: IotHub) -> None:
    memory: Memory = {}
    for turn in range(3):
        session, cloud = SessionLog(said_goodbye=False), endpoint(hub, memory)
        task = asyncio.create_task(cloud.run(session))
        await session.connects()
        cloud.publish(message(1, ENVELOPE % 1))
        await session.acked(1)
        async with connected(endpoint(hub)):
            with pytest.raises(EndpointError) as error:
                await task
        assert ("may be connecting as box" in str(error.value)) is (turn == 2)
        assert ("clock is late, so that its tokens end early" in str(error.value)) is (turn == 2)
        assert (error.value.rest_s > 0) is (turn == 2)


async def test_a_connection_that_is_lost_leaves_no_cancellation_behind(hub: IotHub) -> None:
    """Whoever runs it would take that for the end of all."""
    task = asyncio.current_task()
    assert task is not None
    session = SessionLog(said_goodbye=False)
    cutting = asyncio.create_task(_cut_when_connected(hub, session))
    with pytest.raises(EndpointError):
        await endpoint(hub).run(session)
    await cutting
    assert task.cancelling() == 0


async def _cut_when_connected(hub: IotHub, session: SessionLog) -> None:
    await session.until(lambda: session.window)
    await asyncio.to_thread(hub.cut, BOX)


async def test_what_a_hub_will_not_have_ends_in_a_cut(hub: IotHub) -> None:
    hub.faults.poison = lambda body: b'"seq":3' in body
    session, cloud = SessionLog(said_goodbye=False), endpoint(hub)
    task = asyncio.create_task(cloud.run(session))
    await session.until(lambda: session.window)
    for token in (1, 2, 3):
        cloud.publish(message(token, ENVELOPE % token))
    with pytest.raises(EndpointError) as error:
        await task
    assert error.value.cut


async def test_the_twin_is_served(hub: IotHub) -> None:
    hub.desire(BOX, {"report": {"interval": "1min"}})
    async with connected(endpoint(hub)) as session:
        await session.until(lambda: session.wishes)
        assert session.wishes[0].interval_s == {"": 60.0}
        await asyncio.to_thread(hub.wait_until, lambda: bool(hub.reported(BOX)))
    assert hub.violations == []


async def test_a_hub_that_does_not_answer_a_subscription_is_left(hub: IotHub) -> None:
    hub.faults.suback_delay_s = HANG_S
    with pytest.raises(EndpointError, match=r"^no answer to our subscriptions for 0\.2 s$"):
        await endpoint(hub, ack_timeout="200ms").run(SessionLog())


async def test_as_a_module_it_is_the_same_but_for_messages(hub: IotHub) -> None:
    module = f"{BOX}/mill"
    hub.add_device(module)
    hub.desire(module, {"report": {"interval": "1min"}})
    cloud = endpoint(hub, connection_string=hub.connection_string(module))
    async with connected(cloud) as session:
        cloud.publish(message(1, ENVELOPE % 1))
        await session.acked(1)
        await session.until(lambda: session.wishes)
        calling = asyncio.create_task(asyncio.to_thread(hub.call, module, "ping"))
        await session.until(lambda: session.deliveries)
        (delivery,) = session.deliveries
        assert delivery.answered is not None
        delivery.answered("c-1", Result(ResultStatus.DONE))
        assert (await calling).status == 200
    assert [stored.device for stored in hub.telemetry] == [module]
    assert (hub.violations, hub.refusals) == ([], [])


async def test_a_hub_of_the_basic_tier_takes_readings_and_is_asked_for_nothing_else(hub: IotHub) -> None:
    hub.faults.is_basic = True
    cloud = endpoint(hub)
    with capture_logs() as logs:
        async with connected(cloud) as session:
            cloud.publish(message(1, ENVELOPE % 1))
            await session.acked(1)
    assert [event["event"] for event in logs] == ["the hub refuses our subscriptions"]
    assert (len(logs[0]["why"]), hub.twin_requests, hub.violations) == (4, [], [])


async def test_without_a_twin_nothing_holds_that_one_has_wished_for(hub: IotHub) -> None:
    async with connected(endpoint(hub, twin=False)) as session:
        assert session.wishes == [Wishes()]


async def test_device_provisioning_says_where_to_go_and_is_asked_once(authority: Authority) -> None:
    memory: Memory = {}
    with IotHub(authority) as hub, Dps(authority, hub) as dps:
        dps.enrol(BOX, device_id="box-7")
        service = {"id_scope": SCOPE, "registration_id": BOX, "group_key": dps.group_key, "host": "localhost"}
        for _ in range(2):
            async with connected(endpoint(hub, memory, dps={**service, "port": dps.port})):
                assert hub.is_online("box-7")
        assert len(dps.ends) == 1
        assert dps.violations == hub.violations == []
