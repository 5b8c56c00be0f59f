"""What can be said of an MQTT endpoint without asking its broker."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from gateway.adapter import Advice
from gateway.endpoints.contract import Identity, Memory
from gateway.endpoints.mqtt.brokers import SERVED
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.topics import Topics
from gateway.endpoints.reach import certificate_advice, described


def topics_of(config: MqttConfig, identity: Identity) -> Topics:
    """Where its messages go."""
    templates = config.topics.templates
    return Topics(config.root, identity.gateway, config.reply_prefix, endpoint=identity.endpoint, templates=templates)


def client_id_of(config: MqttConfig, identity: Identity) -> str:
    """What the broker knows us as."""
    return config.client_id or f"fieldgate-{identity.gateway}-{identity.endpoint}"


def advice(config: MqttConfig) -> Iterable[Advice]:
    """Of certificates, and of a login that others can read on the way. Reads files."""
    yield from certificate_advice(config.tls)
    for address in config.addresses:
        if config.password is not None and not address.secure and not _is_this_machine(address.host):
            text = f"the password goes to {address} in the clear: use mqtts:// (or wss://) if the broker can"
            yield Advice("exposed", text, ("url",))


def describe(config: MqttConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
    """What the broker knows this gateway as, by field. Reads files."""
    topics = topics_of(config, identity)
    urls = [config.url] if isinstance(config.url, str) else config.url
    told = {
        "gateway": identity.gateway,
        "url": ", ".join(urls),
        "served by": memory.get(SERVED, ""),
        "protocol": f"MQTT {config.protocol}",
        "client id": client_id_of(config, identity),
        "user name": config.username or "",
        **described(config.tls),
        "states": topics.of("status", ""),
        "readings": topics.batch if config.batch.max_messages > 1 else topics.of("reading", "{device}"),
        "commands": ", ".join(topics.command_filters) if config.commands else "",
    }
    return {field: text for field, text in told.items() if text}


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
