"""What an object says of itself to tools that ask. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from adapters.ble.simulator.bluez.objects import Interface, Method

_HEAD: Final = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" '
    '"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">'
)
_PROPERTIES: Final = """\
<interface name="org.freedesktop.DBus.Properties">
<method name="Get"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="out"/></method>
<method name="Set"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="v" direction="in"/></method>
<method name="GetAll"><arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
<signal name="PropertiesChanged"><arg type="s"/><arg type="a{sv}"/><arg type="as"/></signal>
</interface>"""
_MANAGER: Final = """\
<interface name="org.freedesktop.DBus.ObjectManager">
<method name="GetManagedObjects"><arg type="a{oa{sa{sv}}}" direction="out"/></method>
<signal name="InterfacesAdded"><arg type="o"/><arg type="a{sa{sv}}"/></signal>
<signal name="InterfacesRemoved"><arg type="o"/><arg type="as"/></signal>
</interface>"""


def introspected(path: str, interfaces: Mapping[str, Interface], paths: Iterable[str]) -> str:
    """Its XML (D-Bus Specification, Introspection Data Format)."""
    return "\n".join([_HEAD, "<node>", *_interfaces(path, interfaces), *_children(path, paths), "</node>"])


def _interfaces(path: str, interfaces: Mapping[str, Interface]) -> Iterator[str]:
    yield _MANAGER if path == "/" else _PROPERTIES
    for name, interface in interfaces.items():
        yield f'<interface name="{name}">'
        for member, method in interface.methods().items():
            yield f'<method name="{member}">{_arguments(method)}</method>'
        for member, value in interface.properties().items():
            yield f'<property name="{member}" type="{value.signature}" access="read"/>'
        yield "</interface>"


def _arguments(method: Method) -> str:
    def those(signature: str, direction: str) -> str:
        return "".join(f'<arg type="{each}" direction="{direction}"/>' for each in _types(signature))

    return those(method.takes, "in") + those(method.gives, "out")


def _types(signature: str) -> Iterator[str]:
    """Single complete types."""
    start = depth = 0
    for at, sign in enumerate(signature):
        depth += (sign in "({") - (sign in ")}")
        if depth == 0 and sign != "a":
            yield signature[start : at + 1]
            start = at + 1


def _children(path: str, paths: Iterable[str]) -> Iterator[str]:
    below = path.rstrip("/") + "/"
    names = {each.removeprefix(below).partition("/")[0] for each in paths if each.startswith(below)}
    for name in sorted(names):
        yield f'<node name="{name}"/>'
