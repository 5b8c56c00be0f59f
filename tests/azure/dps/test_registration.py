"""Registering with the test server of device provisioning, which enforces the contract."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from gateway.adapter import PermanentError
from gateway.endpoints.azure_iot_hub.dps import Assignment, DpsConfig, assigned, registration, remembered
from gateway.endpoints.contract import EndpointError
from gateway.endpoints.reach import ReachConfig
from tests.support.authority import Authority
from tests.support.iothub import Dps
from tests.support.iothub.dps import SCOPE


def reach(dps: Dps, identity: tuple[Path, Path] | None = None) -> ReachConfig:
    tls: dict[str, Any] = {"ca": dps.ca}
    if identity is not None:
        tls |= {"cert": identity[0], "key": identity[1]}
    return ReachConfig.model_validate({"type": "azure-iot-hub", "tls": tls})


def config(dps: Dps, **changes: Any) -> DpsConfig:
    here = {"id_scope": SCOPE, "registration_id": "box", "host": "localhost", "port": dps.port}
    return DpsConfig.model_validate({**here, **changes})


def as_group(dps: Dps, **changes: Any) -> DpsConfig:
    return config(dps, group_key=dps.group_key, **changes)


async def registered(dps: Dps, wanted: DpsConfig, **how: Any) -> Assignment:
    return await assigned(wanted, reach(dps), {}, **how)


async def test_a_key_of_a_group_gets_a_hub_and_a_device(dps: Dps) -> None:
    dps.enrol("box", device_id="box-7")
    found = await registered(dps, as_group(dps))
    assert (found.host, found.device_id) == ("box-hub.example", "box-7")
    assert dps.violations == []
    assert dps.ends == [("box", "disconnect")]


async def test_the_same_derived_key_then_opens_the_hub(dps: Dps) -> None:
    enrollment = dps.enrol("box")
    await registered(dps, as_group(dps))
    assert dps.hub.devices["box"].keys[0] == enrollment.keys[0]


async def test_an_individual_key_does_as_well(dps: Dps) -> None:
    dps.enrol("box", key="aW5kaXZpZHVhbA==")
    assert (await registered(dps, config(dps, key="aW5kaXZpZHVhbA=="))).device_id == "box"


async def test_a_certificate_does_as_well(dps: Dps, authority: Authority) -> None:
    dps.enrol("box", x509=True)
    found = await assigned(config(dps), reach(dps, authority.issue("box")), {})
    assert found.device_id == "box"
    assert dps.violations == []


async def test_over_websocket_too(dps: Dps) -> None:
    dps.enrol("box")
    found = await registered(dps, as_group(dps, port=dps.websocket_port), websocket=True)
    assert found.device_id == "box"


async def test_the_group_key_itself_is_refused_with_a_hint(dps: Dps) -> None:
    dps.enrol("box")
    with pytest.raises(EndpointError, match="check id_scope, registration_id, the key"):
        await registered(dps, config(dps, key=dps.group_key))


async def test_a_service_that_is_unavailable_is_no_fault_of_the_login(dps: Dps) -> None:
    dps.enrol("box")
    dps.faults.connacks = [3]
    with pytest.raises(EndpointError, match="refuses us: ") as refused:
        await registered(dps, as_group(dps))
    assert "check id_scope" not in str(refused.value)


async def test_without_key_and_certificate_somebody_must_act(dps: Dps) -> None:
    with pytest.raises(PermanentError, match="needs a key"):
        await registered(dps, config(dps))


async def test_what_an_allocation_is_told_arrives(dps: Dps) -> None:
    enrollment = dps.enrol("box")
    await registered(dps, as_group(dps, payload={"site": "north"}))
    assert enrollment.payload == {"site": "north"}


async def test_retry_after_is_honoured(authority: Authority, dps: Dps) -> None:
    dps.retry_after_s = 1
    dps.enrol("box", device_id="box").polls = 0
    begun_s = time.monotonic()
    await registered(dps, as_group(dps))
    assert time.monotonic() - begun_s >= 1.0
    assert dps.violations == []


async def test_a_service_in_trouble_is_asked_the_same_again(dps: Dps) -> None:
    enrollment = dps.enrol("box")
    dps.answers = [(429, {}), (503, {})]
    await registered(dps, as_group(dps))
    assert enrollment.registered == 1
    assert dps.violations == []


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [("disabled", PermanentError, "disabled"), ("failed", EndpointError, r"custom allocation failed \(400207\)")],
)
async def test_a_registration_that_ends_badly_says_so(dps: Dps, status: str, kind: type[Exception], why: str) -> None:
    dps.enrol("box").status = status
    with pytest.raises(kind, match=why):
        await registered(dps, as_group(dps))


async def test_a_refusal_that_a_person_must_mend_is_told_as_one(dps: Dps) -> None:
    dps.enrol("box")
    dps.answers = [(404, {"errorCode": 404201, "message": "no such scope"})]
    with pytest.raises(PermanentError, match=r"no such scope \(404201\)"):
        await registered(dps, as_group(dps))


async def test_a_connection_that_is_lost_is_no_verdict(dps: Dps, monkeypatch: pytest.MonkeyPatch) -> None:
    dps.enrol("box")
    dps.faults.suback_delay_s = 60.0
    registering = asyncio.ensure_future(registered(dps, as_group(dps)))
    await asyncio.to_thread(dps.wait_until, lambda: dps.connections == 1)
    await asyncio.to_thread(dps.stop)
    with pytest.raises(EndpointError, match=r"closed the connection|connection lost"):
        await registering


async def test_a_service_that_hangs_is_given_up(dps: Dps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "ALL_S", 0.2)
    dps.enrol("box").polls = 1_000_000
    with pytest.raises(EndpointError, match="not assigned a hub within"):
        await registered(dps, as_group(dps))


@pytest.mark.parametrize("to", ["SUBSCRIBE", "PUBLISH"])
async def test_an_answer_that_does_not_come_is_missed(dps: Dps, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "ANSWER_S", 0.1)
    dps.enrol("box")
    dps.faults.deaf = True
    dps.faults.suback_delay_s = 60.0 if to == "SUBSCRIBE" else 0.0
    with pytest.raises(EndpointError, match="no answer within"):
        await registered(dps, as_group(dps))


async def test_it_registers_once_and_again_only_when_asked(dps: Dps) -> None:
    enrollment, memory = dps.enrol("box"), dict[str, Any]()
    first = await assigned(as_group(dps), reach(dps), memory)
    assert await assigned(as_group(dps), reach(dps), memory) == first == remembered(as_group(dps), memory)
    assert enrollment.registered == 1
    enrollment.device_id = "box-2"
    again = await assigned(as_group(dps), reach(dps), memory, anew=True)
    assert (again.device_id, enrollment.registered) == ("box-2", 2)


async def test_what_was_assigned_to_another_registration_is_not_ours(dps: Dps) -> None:
    dps.enrol("box")
    memory = dict[str, Any]()
    await assigned(as_group(dps), reach(dps), memory)
    assert remembered(as_group(dps, registration_id="other"), memory) is None
    assert remembered(as_group(dps, id_scope="0ne1"), memory) is None
    assert remembered(as_group(dps), {"assignment": {"host": 5}}) is None
