"""What can be said of an Azure endpoint without asking the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.adapter import Advice
from gateway.clock import ClockState, WallClock
from gateway.endpoints.azure_iot_hub import dps
from gateway.endpoints.azure_iot_hub.config import AzureConfig
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity
from gateway.endpoints.contract import Identity, Memory
from gateway.endpoints.payload import iso_ms
from gateway.endpoints.reach import certificate_advice, described
from gateway.units import format_duration


def hub_of(config: AzureConfig, memory: Memory) -> HubIdentity | None:
    """Who we are, as far as that is known without asking."""
    if config.dps is None:
        return config.identity
    kept = dps.remembered(config.dps, memory)
    if kept is None:
        return None
    key = dps.device_key(config.dps)
    return HubIdentity(kept.host, kept.device_id, keys=() if key is None else (key,))


def advice(config: AzureConfig) -> Iterable[Advice]:
    """Of certificates. Reads files."""
    return certificate_advice(config.tls)


def describe(config: AzureConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
    """What the hub knows this gateway as, by field. Reads files."""
    hub = hub_of(config, memory)
    told = {
        "gateway": identity.gateway,
        "hub": hub.host if hub is not None else "not assigned yet",
        "device": hub.device_id if hub is not None else "",
        "module": (hub.module_id or "") if hub is not None else "",
        "address": str(config.address(hub.host)) if hub is not None else "",
        "proof": f"key, tokens for {format_duration(config.token_lifetime)}" if config.has_key else "certificate",
        **described(config.tls),
        **_provisioning(config, memory),
    }
    return {field: text for field, text in told.items() if text}


def clock_is_set() -> bool:
    """Whether a time server has set this box's clock, as far as the kernel knows."""
    return WallClock("kernel").state is not ClockState.UNSYNCED


def _provisioning(config: AzureConfig, memory: Memory) -> Mapping[str, str]:
    if config.dps is None:
        return {}
    kept = dps.remembered(config.dps, memory)
    return {
        "id scope": config.dps.id_scope,
        "registration": config.dps.registration_id,
        "assigned": iso_ms(int(kept.at_s * 1000)) if kept is not None else "",
    }
