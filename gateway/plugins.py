"""Adapters and endpoints, ours and strangers', by their entry points; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from gateway.adapter import Adapter, Advice, DeviceConfig, LinkConfig
from gateway.config import AdapterModels, Catalog, Unavailable
from gateway.config.models import EndpointConfig
from gateway.endpoints.contract import Endpoint

ADAPTERS = "fieldgate.adapters"
ENDPOINTS = "fieldgate.endpoints"

ContractT = TypeVar("ContractT")


def catalog() -> Catalog:
    """The models of everything that is installed."""
    return Catalog(
        adapters={name: partial(_adapter_models, name) for name in installed(ADAPTERS)},
        endpoints={name: partial(_endpoint_model, name) for name in installed(ENDPOINTS)},
        advice_of_endpoint=_endpoint_advice,
    )


def adapter(name: str) -> type[Adapter]:
    """The adapter of this name; raises Unavailable."""
    return _load(ADAPTERS, name, Adapter)  # type: ignore[type-abstract]


def endpoint(name: str) -> type[Endpoint]:
    """The endpoint of this type; raises Unavailable."""
    return _load(ENDPOINTS, name, Endpoint)  # type: ignore[type-abstract]


def adapters(names: Iterable[str]) -> dict[str, type[Adapter]]:
    """The adapters of these names; raises Unavailable."""
    return {name: adapter(name) for name in names}


def endpoints(names: Iterable[str]) -> dict[str, type[Endpoint]]:
    """The endpoints of these types; raises Unavailable."""
    return {name: endpoint(name) for name in names}


def _adapter_models(name: str) -> AdapterModels:
    found = adapter(name)
    link, device = getattr(found, "Link", None), getattr(found, "Device", None)
    if not _is_subclass(link, LinkConfig) or not _is_subclass(device, DeviceConfig):
        raise Unavailable(f"{_origin(ADAPTERS, name)} has no Link and Device models")
    return AdapterModels(found.Link, found.Device, partial(_advice, name))


def _advice(name: str, link: Any, devices: Mapping[str, Any]) -> Iterable[Advice]:
    try:
        return tuple(adapter(name).advice(link, devices))
    except Exception as error:  # noqa: BLE001  # a stranger's advice must not keep a good configuration from being run
        return (Advice("other", f"{_origin(ADAPTERS, name)} can't say what it advises: {error!r}"),)


def _endpoint_advice(name: str, config: Any) -> Iterable[Advice]:
    try:
        return tuple(endpoint(name).advice(config))
    except Exception as error:  # noqa: BLE001  # as above
        return (Advice("other", f"{_origin(ENDPOINTS, name)} can't say what it advises: {error!r}"),)


def _endpoint_model(name: str) -> type[EndpointConfig]:
    found = endpoint(name)
    if not _is_subclass(getattr(found, "Config", None), EndpointConfig):
        raise Unavailable(f"{_origin(ENDPOINTS, name)} has no Config model")
    return found.Config


@cache
def installed(group: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points of a group by name; more than one where packages contend for a name."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for each in entry_points(group=group):
        if each not in found.get(each.name, ()):
            found[each.name] = (*found.get(each.name, ()), each)
    return found


def _load(group: str, name: str, contract: type[ContractT]) -> type[ContractT]:
    candidates = installed(group).get(name, ())
    if len(candidates) != 1:
        offered = " and ".join(_package(each) for each in candidates) or "no package"
        raise Unavailable(f"{_kind(group)} {name!r} is offered by {offered}")
    try:
        found = candidates[0].load()
    except Exception as error:  # a stranger's module may raise anything while it is imported
        reason = f"{type(error).__name__}: {error}"
        raise Unavailable(f"{_origin(group, name)} cannot be loaded: {reason}") from error
    if not _is_subclass(found, contract):
        raise Unavailable(f"{_origin(group, name)} is not an {_kind(group)}")
    return found  # type: ignore[no-any-return]


def _is_subclass(found: object, contract: type) -> bool:
    return isinstance(found, type) and issubclass(found, contract)


def _origin(group: str, name: str) -> str:
    return f"{_kind(group)} {name!r} of package {_package(installed(group)[name][0])}"


def _kind(group: str) -> str:
    return group.removeprefix("fieldgate.").removesuffix("s")


def _package(found: EntryPoint) -> str:
    return f"{found.dist.name} {found.dist.version}" if found.dist else found.value
