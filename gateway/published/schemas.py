"""The JSON Schemas of what is sent and of what may be sent."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from gateway.adapter import IDENTIFIER
from gateway.commands.decode import MAX_BYTES, Request

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE = "urn:fieldgate:envelope:1"

Schema = dict[str, Any]

KINDS = {
    "reading": "reading",
    "deviceStatus": "status",
    "gatewayStatus": "status",
    "result": "result",
    "gap": "gap",
    "deviceBirth": "birth",
    "gatewayBirth": "birth",
}
"""By its name in the envelope's schema, the kind that each message has; the will apart, which has no identity."""

OF_A_DEVICE = frozenset({"reading", "deviceStatus", "deviceBirth"})
OF_THE_GATEWAY = frozenset({"gatewayStatus", "gatewayBirth", "will"})
"""The rest may be of either."""

ONLY_AT_THE_BOX = frozenset({"peek"})
"""Members of a command that no endpoint may send."""

ABOUT_COMMAND = {
    "id": "The same id again is answered again and never executed again",
    "write": "By point, what to write; all are checked before the first is touched",
    "read": "Points to read now",
    "invoke": "A command of the device, or of the gateway: ping, republish-birth, reload, scan",
    "args": "What the invoked command takes",
    "expires": "Not to be executed after this; with its zone",
    "device": "Where neither topic nor method names one",
    "confirm": "The token of an earlier answer to the same command",
}

MOMENT = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"


@cache
def envelope_text() -> str:
    """Of every message that is sent, as it is written in the package."""
    return files("gateway.published").joinpath("envelope.schema.json").read_text(encoding="utf-8")


def envelope() -> Schema:
    """Of every message that is sent."""
    schema: Schema = json.loads(envelope_text())
    return schema


def cloudevents() -> Schema:
    """Of every message of an endpoint with `format: cloudevents`; the envelope's schema is inside."""
    events = {f"{name}Event": _event(name, kind) for name, kind in KINDS.items()}
    events["willEvent"] = _will_event()
    batch = {"description": "Readings", "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/readingEvent"}}
    return {
        "$schema": DIALECT,
        "$id": "urn:fieldgate:cloudevents:1",
        "title": "fieldgate in CloudEvents 1.0, structured mode",
        "description": (
            "Every message of an endpoint with `format: cloudevents`: an event whose data is an envelope, or on the"
            " batch topic an array of such events. Ignore members you do not know: a later version may add some."
        ),
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in [*events, "eventBatch"]],
        "$defs": {**events, "eventBatch": batch, "envelope": envelope()},
    }


def _event(name: str, kind: str) -> Schema:
    return _attributes(
        name,
        kind,
        identity={
            "id": {"description": "Session and number of the envelope", "type": "string", "pattern": r"^\d+-\d+$"},
            "source": {
                "description": "Gateway and stream: what is the same in source and id is a duplicate",
                "type": "string",
                "pattern": "^/fieldgate/[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}$",
            },
        },
        time={"time": {"description": "The envelope's", "$ref": f"{ENVELOPE}#/$defs/time"}},
    )


def _will_event() -> Schema:
    return _attributes(
        "will",
        "status",
        identity={
            "id": {"description": "Another with each connection", "type": "string", "pattern": "^will-."},
            "source": {"type": "string", "pattern": "^/fieldgate/[A-Za-z0-9_-]{1,64}$"},
        },
        time={},
    )


def _attributes(name: str, kind: str, *, identity: Schema, time: Schema) -> Schema:
    subject = {"subject": {"description": "The device", "$ref": f"{ENVELOPE}#/$defs/id"}}
    required = {"specversion": {"const": "1.0"}, **identity, "type": {"const": f"io.fieldgate.{kind}.v1"}, **time}
    required |= subject if name in OF_A_DEVICE else {}
    required |= {"datacontenttype": {"const": "application/json"}, "data": {"$ref": f"{ENVELOPE}#/$defs/{name}"}}
    optional = {} if name in OF_A_DEVICE | OF_THE_GATEWAY else subject
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": {**required, **optional},
    }


def command() -> Schema:
    """Of what may be sent to a device or to the gateway, as far as an endpoint may send it."""
    members: Schema = msgspec.json.schema(Request)["$defs"]["Request"]["properties"]
    properties = {
        name: {"description": ABOUT_COMMAND[name], **_without_null(schema)}
        for name, schema in members.items()
        if name not in ONLY_AT_THE_BOX
    }
    properties["expires"] |= {"format": "date-time", "pattern": MOMENT}
    properties["device"]["pattern"] = IDENTIFIER
    return {
        "$schema": DIALECT,
        "$id": "urn:fieldgate:command:1",
        "title": "fieldgate command, version 1",
        "description": f"What a device or the gateway is told, in at most {MAX_BYTES} bytes: to write, read or invoke.",
        "type": "object",
        "required": ["id"],
        "oneOf": [{"required": [what]} for what in ("write", "read", "invoke")],
        "additionalProperties": False,
        "properties": properties,
    }


def _without_null(schema: Schema) -> Schema:
    """A member that is left out is not null."""
    kept = [choice for choice in schema.get("anyOf", (schema,)) if choice != {"type": "null"}]
    return {name: value for name, value in kept[0].items() if name != "default"}
