"""The endpoint against a server that enforces the contract: whatever it sends must be as the hub wants it."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.endpoints.contract import EndpointError, Renewed
from gateway.model import Result, ResultStatus
from tests.azure.setup import BOX, endpoint
from tests.support.iothub import IotHub
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
    assert stored.system == {"message-id": "7-4711", "content-type": "application/json", "content-encoding": "utf-8"}
    assert stored.properties == {
        "iothub-creation-time-utc": "2026-11-23T09:01:02.345Z",
        "kind": "reading",
        "gateway": "gw",
        "device": "boiler",
    }
    assert hub.violations == []
