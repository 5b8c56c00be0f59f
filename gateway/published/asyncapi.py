"""The topics of an MQTT endpoint, what is said on them and what may be, as AsyncAPI 3.0.

Made from the schemas and from what the endpoint itself uses. Its schemas keep to JSON Schema draft 7, the dialect that
every AsyncAPI tool reads.
"""

from __future__ import annotations

import json
from typing import Any

from gateway.adapter import IDENTIFIER
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.topics import Topics
from gateway.endpoints.payload import BATCH_TYPE, EVENT_TYPE, JSON_TYPE, VERSION, last_will
from gateway.lanes import RETAINED_KINDS
from gateway.published.draft7 import downgraded
from gateway.published.schemas import cloudevents, command, envelope

BINDING_VERSION = "0.2.0"
"""Of AsyncAPI's MQTT bindings."""

QOS = 1
"""Of all that is published and subscribed to."""

ABOUT = (
    "What a fieldgate gateway says and takes on MQTT, seen from the gateway: it sends readings, statuses, births,"
    " results and gaps, and receives commands. An endpoint speaks one of two formats: bare envelopes, or CloudEvents"
    " whose data is the same envelopes. Delivery is at least once: what has the same gateway, stream, session and seq"
    " is a duplicate. Ignore members you do not know: a later version may add some."
)

UP: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "reading": ("reading", "{device}", "Readings of a device, unless they go in batches", ("reading",)),
    "deviceStatus": ("status", "{device}", "The state of a device, whenever it changes", ("deviceStatus",)),
    "deviceBirth": ("birth", "{device}", "What a device is, on each connection; perhaps in parts", ("deviceBirth",)),
    "deviceResult": ("result", "{device}", "What became of commands to a device", ("result",)),
    "gatewayStatus": ("status", "", "The gateway's own state, each minute; also its will", ("gatewayStatus", "will")),
    "gatewayBirth": ("birth", "", "What the gateway is, on each connection; perhaps in parts", ("gatewayBirth",)),
    "gatewayResult": ("result", "", "What became of commands to the gateway itself", ("result",)),
    "gap": ("gap", "", "Which readings are lost, and why", ("gap",)),
}
"""By channel: kind, device, summary, and the messages on it by their names in the envelope's schema."""

DOWN = {
    "deviceCommand": ("{device}", "deviceResult", "Reads, writes and what else a device can do; refused when retained"),
    "gatewayCommand": ("", "gatewayResult", "ping, republish-birth, reload and scan; refused when retained"),
}
"""By channel: device, where the result comes, and a summary."""

PARAMETERS = {
    "root": {"default": "fieldgate", "description": "`root` of the endpoint"},
    "gateway": {"description": f"The gateway's id, {IDENTIFIER}", "examples": ["mill-3"]},
    "device": {"description": f"The device's id, {IDENTIFIER}", "examples": ["boiler"]},
}

Json = dict[str, Any]


def asyncapi() -> Json:
    """The whole description."""
    topics = Topics("{root}", "{gateway}")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "fieldgate", "version": str(VERSION), "description": ABOUT},
        "defaultContentType": JSON_TYPE,
        "servers": {"broker": _server(topics)},
        "channels": _channels(topics),
        "operations": _operations(),
        "components": {
            "messages": _messages(),
            "parameters": PARAMETERS,
            "schemas": _schemas(),
            "securitySchemes": {
                "password": {"type": "userPassword", "description": "`username` and `password`"},
                "certificate": {"type": "X509", "description": "`tls: {cert, key}`"},
            },
        },
    }


def _server(topics: Topics) -> Json:
    keepalive_s = MqttConfig.model_fields["keepalive"].default
    will = {"topic": topics.of("status", ""), "qos": QOS, "message": last_will("{gateway}").decode(), "retain": True}
    return {
        "host": "{host}:{port}",
        "protocol": "secure-mqtt",
        "protocolVersion": str(MqttConfig.model_fields["protocol"].default),
        "description": "Any MQTT 5 or 3.1.1 broker, by TCP, TLS or WebSocket",
        "variables": {"host": {"default": "broker.example"}, "port": {"default": "8883"}},
        "security": [_ref("securitySchemes", "password"), _ref("securitySchemes", "certificate")],
        "bindings": {
            "mqtt": {
                "clientId": "fieldgate-{gateway}-{endpoint}",
                "cleanSession": True,
                "lastWill": will,
                "keepAlive": int(keepalive_s),
                "bindingVersion": BINDING_VERSION,
            }
        },
    }


def _channels(topics: Topics) -> Json:
    channels = {
        name: _channel(topics.of(kind, device), about, [each for one in messages for each in (one, f"{one}Event")])
        for name, (kind, device, about, messages) in UP.items()
    }
    channels["batch"] = _channel(topics.batch, "Readings of any devices, where they go in batches", list(BATCHES))
    for name, (device, _, about) in DOWN.items():
        channels[name] = _channel(topics.of("command", device), about, ["command"])
    return channels


BATCHES = {"batch": JSON_TYPE, "eventBatch": BATCH_TYPE}


def _channel(address: str, about: str, messages: list[str]) -> Json:
    named = [name for name in PARAMETERS if f"{{{name}}}" in address]
    return {
        "address": address,
        "summary": about,
        "parameters": {name: _ref("parameters", name) for name in named},
        "messages": {name: _ref("messages", name) for name in messages},
    }


def _operations() -> Json:
    operations = {name: _operation("send", name, retain=kind in RETAINED_KINDS) for name, (kind, *_) in UP.items()}
    operations["batch"] = _operation("send", "batch", retain=False)
    for name, (_, answer, _) in DOWN.items():
        operations[name] = _operation("receive", name, retain=False)
        operations[name]["reply"] = {"channel": {"$ref": f"#/channels/{answer}"}}
    return operations


def _operation(action: str, channel: str, *, retain: bool) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": QOS, "retain": retain, "bindingVersion": BINDING_VERSION}},
    }


def _messages() -> Json:
    plain = list(dict.fromkeys(name for _, _, _, names in UP.values() for name in names))
    types = {**dict.fromkeys(plain, JSON_TYPE), **{f"{name}Event": EVENT_TYPE for name in plain}, **BATCHES}
    types["command"] = JSON_TYPE
    return {name: _message(name, content_type) for name, content_type in types.items()}


def _message(name: str, content_type: str) -> Json:
    return {"name": name, "contentType": content_type, "payload": _ref("schemas", name)}


def _schemas() -> Json:
    """Every definition of every schema by its name, with references as they are in this document."""
    events = cloudevents()["$defs"]
    del events["envelope"]
    definitions = {**envelope()["$defs"], **events, "command": command()}
    schemas = downgraded(definitions)
    text = json.dumps({name: schemas[name] for name in sorted(schemas)}, ensure_ascii=False)
    for prefix in ("urn:fieldgate:envelope:1#/$defs/", "#/$defs/"):
        text = text.replace(f'"{prefix}', '"#/components/schemas/')
    found: Json = json.loads(text)
    return found


def _ref(part: str, name: str) -> Json:
    return {"$ref": f"#/components/{part}/{name}"}
