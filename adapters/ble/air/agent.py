"""Who answers when BlueZ asks for a passkey: org.bluez.Agent1, for those devices whose configuration says so."""

from __future__ import annotations

from dbus_fast import DBusError, Message, MessageType

from adapters.ble.air.bus import Bus
from adapters.ble.air.errors import translated
from adapters.ble.air.passkeys import Passkeys

AGENT1 = "org.bluez.Agent1"
MANAGER1 = "org.bluez.AgentManager1"
REJECTED = "org.bluez.Error.Rejected"
CAPABILITY = "KeyboardDisplay"
"""We can say a passkey, and confirm one: BlueZ asks for what the device needs (BlueZ, doc/org.bluez.AgentManager)."""

UNASKED = frozenset({"Release", "Cancel", "DisplayPasskey", "DisplayPinCode"})
PERMISSIONS = frozenset({"RequestAuthorization", "AuthorizeService"})
"""Methods that only tell, and that only ask for a yes (BlueZ, doc/org.bluez.Agent.rst)."""

_known: dict[str, Passkeys] = {}
"""By the radio's path: one agent is asked for all radios, the one that was the last to say so."""


class Agent:
    """For one radio; whoever else wants to pair is refused."""

    def __init__(self, radio: str, passkeys: Passkeys) -> None:
        self._radio = radio
        self._path = radio.replace("/org/bluez", "/io/fieldgate")
        self._passkeys = passkeys

    async def register(self, bus: Bus) -> None:
        """From now on, until the connection ends; raises AdapterError."""
        bus.connection.add_message_handler(self._answer)
        with translated("pairing"):
            await bus.call("/org/bluez", MANAGER1, "RegisterAgent", "os", self._path, CAPABILITY)
            await bus.call("/org/bluez", MANAGER1, "RequestDefaultAgent", "o", self._path)
        _known[self._radio] = self._passkeys

    def retire(self) -> None:
        """Its radio has gone."""
        _known.pop(self._radio, None)

    def _answer(self, message: Message) -> Message | bool:
        is_ours = message.message_type is MessageType.METHOD_CALL and message.interface == AGENT1
        if not is_ours or message.path != self._path:
            return False
        if message.member in UNASKED:
            return Message.new_method_return(message)
        radio, _, device = str(message.body[0]).rpartition("/dev_") if message.body else ("", "", "")
        address = device.replace("_", ":")
        pairing = _known[radio].of(address) if radio in _known else None
        if pairing is None:
            raise DBusError(REJECTED, f"{address} is not to be paired with")
        return _said(message, pairing.passkey)


def _said(message: Message, passkey: int | None) -> Message:
    if message.member in PERMISSIONS:
        return Message.new_method_return(message)
    if message.member == "RequestPasskey" and passkey is not None:
        return Message.new_method_return(message, "u", [passkey])
    if message.member == "RequestPinCode" and passkey is not None:
        return Message.new_method_return(message, "s", [f"{passkey:06d}"])
    if message.member == "RequestConfirmation" and passkey in {None, message.body[1]}:
        return Message.new_method_return(message)
    raise DBusError(REJECTED, "there is no passkey for it" if passkey is None else "that is not its passkey")
