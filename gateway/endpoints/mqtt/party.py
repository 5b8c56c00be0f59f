"""What a connection is asked for, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.mqtt.reasons import ABOUT_WHAT_WAS_SENT, Said, why_ended, why_refused

MAX_PACKET_BYTES = 128 * 1024
"""What a broker may send in one packet: a command has at most 64 KiB (gateway.commands.decode), its topic and
properties need their room, and nothing else that comes is large."""


class Login(Struct, frozen=True):
    """Who connects, and on what terms. `will`: a topic and what the broker says there when we are lost.

    `retain`: that is kept, as far as the broker can. `aliases`: topics may be replaced by numbers.
    """

    client_id: str
    username: str | None = None
    password: str | None = None
    will: tuple[str, bytes] | None = None
    retain: bool = True
    aliases: bool = False
    is_v5: bool = True
    clean: bool = True
    session_expiry_s: float = 0.0
    keepalive_s: float = 30.0
    ack_timeout_s: float = 15.0
    max_packet_bytes: int = MAX_PACKET_BYTES


class Refused(EndpointError):
    """The server has said no to our CONNECT."""

    def __init__(self, said: Said, *, v5: bool) -> None:
        super().__init__(why_refused(said, v5=v5))
        self.said = said


class Dismissed(EndpointError):
    """The server has ended the connection, and said so."""

    def __init__(self, said: Said, client_id: str) -> None:
        super().__init__(why_ended(said, client_id), cut=said.code in ABOUT_WHAT_WAS_SENT)
        self.said = said


class Incoming(Struct, frozen=True):
    """A PUBLISH of the server. `accept()` acknowledges it, once all that came before is accepted, too."""

    topic: str
    payload: bytes
    accept: Callable[[], None]
    retained: bool = False
    expires_in_s: float | None = None
    reply_to: str | None = None
    correlation: bytes | None = None


class Party(Protocol):
    """Whom a connection tells what happens; every call returns at once."""

    def settle(self, packet_id: int, code: int = 0, *, about_message: bool = False, text: str = "") -> None:
        """The server has spoken about this publish."""

    def arrived(self, incoming: Incoming, /) -> None:
        """The server has published something."""

    def read(self) -> None:
        """All that had come has been looked at."""

    def oldest_s(self) -> float | None:
        """When the oldest publish in flight was sent, on the loop's clock."""
