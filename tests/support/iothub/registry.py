"""What the hub knows of a device."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.iothub.devicebound import Devicebound
from tests.support.iothub.twin import Twin

if TYPE_CHECKING:
    from tests.support.iothub.hubsession import HubSession


def key_of(text: str) -> str:
    """A symmetric key in base64, the same for the same text."""
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


@dataclass
class Device:
    """An identity, of a module `{device}/{module}`; with thumbprints or `by_common_name` it needs a certificate, else a
    token."""

    device_id: str
    keys: tuple[str, ...]
    queue: Devicebound
    thumbprints: frozenset[str] = frozenset()
    by_common_name: bool = False
    enabled: bool = True
    twin: Twin = field(default_factory=Twin)
    subscriptions: dict[str, int] = field(default_factory=dict)
    """Kept over connections without clean session."""
    session: "HubSession | None" = None

    @property
    def needs_certificate(self) -> bool:
        return self.by_common_name or bool(self.thumbprints)

    @property
    def path(self) -> str:
        """What a token is for, behind the host, and where its topics begin."""
        return f"devices/{self.device_id.replace('/', '/modules/')}"

    @property
    def is_module(self) -> bool:
        """It gets no messages."""
        return "/" in self.device_id

    @property
    def devicebound(self) -> str:
        return f"{self.path}/messages/devicebound/#"

    @property
    def telemetry(self) -> str:
        return f"{self.path}/messages/events/"
