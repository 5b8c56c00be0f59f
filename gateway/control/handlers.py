"""What each path does: it asks the house, and says it in the API's words."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, NamedTuple, get_args

from msgspec import Raw

from gateway.control import answers, models, scans, streams
from gateway.control.asking import encoded
from gateway.control.errors import unknown
from gateway.control.house import House
from gateway.latest import Reading, readings
from gateway.model import DeviceInfo, DeviceStatus, Result, ResultStatus, Sample

LOCAL_ID_BYTES = 8


class Asked(NamedTuple):
    """A request, checked; `name` is what its path names, `user` who asks where that counts."""

    house: House
    name: str
    query: Any
    body: Any
    user: str = ""


async def status(asked: Asked) -> Any:
    """How the gateway does."""
    return asked.house.status()


async def devices(asked: Asked) -> Any:
    """Every device, its points and what is known of them."""
    states, known = asked.house.states(), _known(asked.house.latest.samples())
    told: dict[str, Raw] = {}
    for name, info in list(asked.house.devices.items()):
        told[name] = Raw(answers.encode(answers.device(info, states.get(name), known.get(name, {}))))
        await asyncio.sleep(0)  # a large site must not keep the loop from its polls
    return {"devices": told}


async def device(asked: Asked) -> Any:
    """One device, its points and what is known of them."""
    house, info = asked.house, _device(asked)
    told = answers.device(info, house.states().get(asked.name), house.latest.of(asked.name))
    return {"device": asked.name, **{name: getattr(told, name) for name in told.__struct_fields__}}


async def read(asked: Asked) -> models.Answer:
    """Read points now."""
    known = _device(asked).points
    if not known:
        return answers.result(_new_id(), asked.name, _nothing_known(asked.house.states()[asked.name]))
    points = asked.body.points or list(known)
    return await _command(asked, asked.name, read=points)


async def write(asked: Asked) -> models.Answer:
    """Write points, all or none of them."""
    _device(asked)
    return await _command(asked, asked.name, write=asked.body.values, confirm=asked.body.confirm)


async def invoke(asked: Asked) -> models.Answer:
    """Carry out a named command of the device."""
    _device(asked)
    body = asked.body
    return await _command(asked, asked.name, invoke=body.command, args=body.args or None, confirm=body.confirm)


async def act(asked: Asked) -> models.Answer:
    """Do something about the gateway itself."""
    if asked.name not in get_args(models.Action):
        raise unknown("action", asked.name)
    return await _command(asked, "", invoke=asked.name)


async def peek(asked: Asked) -> models.Answer:
    """Read what is no point, now: what is found there, and how it may be understood."""
    _device(asked)
    return await _command(asked, asked.name, peek=asked.body.what)


async def links(asked: Asked) -> Any:
    """Every link, also those without devices."""
    return {"links": {name: models.Link(*facts) for name, facts in asked.house.links.items()}}


def scan(asked: Asked) -> streams.Chunks:
    """Look for devices on a link: how far it is, then what came of it. It ends with the connection."""
    return scans.scan(asked.house, asked.name, asked.body, asked.user, _new_id())


async def outbox(asked: Asked) -> Any:
    """What waits to be sent, by endpoint."""
    return {"outboxes": asked.house.outboxes()}


async def audit(asked: Asked) -> Any:
    """What was commanded, and what came of it."""
    query = asked.query
    since_ms = None if query.since is None else int(query.since.timestamp() * 1000)
    wanted = {"device": query.device, "since_ms": since_ms, "before": query.before, "limit": query.limit}
    records = await asked.house.audit({name: value for name, value in wanted.items() if value is not None})
    return {"records": records, "next": records[-1]["number"] if len(records) == query.limit else None}


def samples(asked: Asked) -> streams.Chunks:
    """What is known now, then each sample as it comes."""
    return streams.samples(asked.house, asked.query.device)


def frames(asked: Asked) -> streams.Chunks:
    """What goes over a link, or over all that can show it, as it goes."""
    return streams.frames(asked.house, asked.query.link)


def _device(asked: Asked) -> DeviceInfo:
    info = asked.house.devices.get(asked.name)
    if info is None:
        raise unknown("device", asked.name)
    return info


def _known(samples: list[Sample]) -> dict[str, dict[str, Reading]]:
    known: dict[str, dict[str, Reading]] = {}
    for sample in samples:
        known.setdefault(sample.group.device, {}).update(readings(sample))
    return known


def _nothing_known(status: DeviceStatus) -> Result:
    """Of a device that tells itself which points it has."""
    why = f": {status.detail}" if status.detail else f"; it is {status.state.value}"
    detail = f"it says itself which points it has, and has not said so yet{why}"
    return Result(ResultStatus.UNREACHABLE, reason=status.reason, detail=detail)


def _new_id() -> str:
    return f"local-{secrets.token_hex(LOCAL_ID_BYTES)}"


async def _command(asked: Asked, device_name: str, **members: Any) -> models.Answer:
    command = getattr(asked.body, "id", None) or _new_id()
    told = {name: value for name, value in members.items() if value is not None}
    result = await asked.house.command(encoded({"id": command, **told}), device_name, asked.user)
    return answers.result(command, device_name, result)
