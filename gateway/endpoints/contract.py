"""The endpoint contract: what a cloud connection must offer to become part of the house."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar, Protocol

from msgspec import Struct

from gateway.adapter import Advice
from gateway.config.models import EndpointConfig
from gateway.model import Result, Wishes

Memory = MutableMapping[str, Any]
"""What an endpoint has learned, as JSON values: kept by the core across its instances and restarts.

`wishes`, `wishes_of` and `max_payload` in it are the core's own: what the far end wants, and how much it takes at once.
"""


class EndpointError(Exception):
    """The connection is lost or was refused; the supervisor starts again after a pause.

    `cut`: the far end has ended it without a word, perhaps for the sake of something that was sent. `rest_s`: the least
    pause before the next try, within what is configured.
    """

    def __init__(self, reason: str, *, cut: bool = False, rest_s: float = 0.0) -> None:
        super().__init__(reason)
        self.cut = cut
        self.rest_s = rest_s


class Renewed(Exception):
    """The connection was ended in good order, everything acknowledged, for a fresh one to begin at once."""


class Identity(Struct, frozen=True):
    """Who speaks: the gateway's id, the endpoint's id, and the devices that the far end is told of."""

    gateway: str
    endpoint: str
    devices: tuple[str, ...]


class Message(Struct, frozen=True, gc=False):
    """An encoded envelope on its way out. `token` names it in acknowledgements.

    `device` is empty for what the gateway says of itself; an empty payload clears a retained topic.
    """

    token: int
    kind: str
    device: str
    payload: bytes
    retain: bool = False


class Ack(Struct, frozen=True, gc=False):
    """The far end's word on one message. `code` is 0 on success; `about_message`: a no to what was sent, not to us.

    `shared`: it was said once about several messages that travelled together, perhaps for the sake of only one.
    """

    token: int
    code: int = 0
    about_message: bool = False
    text: str = ""
    shared: bool = False


class Delivery(Struct, frozen=True):
    """A command as it arrived. `accept` acknowledges it to the far end, in the order of receipt.

    `device` is empty for a command to the gateway itself. `expires_in_s` is the far end's own expiry, if any.
    `reply_to` and `correlation` say where and with what mark the sender wants the result, if anywhere. `user` is who
    has sent it, where the far end tells. `answered(command, result)` is called for a sender that waits for the end.
    """

    device: str
    payload: bytes
    accept: Callable[[], None]
    retained: bool = False
    expires_in_s: float | None = None
    reply_to: str | None = None
    correlation: bytes | None = None
    user: str | None = None
    answered: Callable[[str | None, Result], None] | None = None


class Session(Protocol):
    """What an endpoint tells the house, and asks it; every call returns at once."""

    @property
    def said_goodbye(self) -> bool:
        """Whether the far end has acknowledged the gateway's last word.

        Otherwise the connection is cut, so that the far end speaks the gateway's will.
        """

    def connected(self, window: int, max_bytes: int) -> None:
        """Messages may be published: at most `window` unacknowledged, each at most `max_bytes` long."""

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        """The far end has spoken about these messages."""

    def deliver(self, delivery: Delivery, /) -> None:
        """A command has arrived."""

    def pause(self) -> None:
        """Publish nothing more on this connection: it is to end once what is in flight has been acknowledged."""

    def wish(self, wishes: Wishes, /) -> Mapping[str, str]:
        """All that the far end wants now; what is not granted of it, and why in a sentence, by the name of the wish.

        Names are `interval_s` (for all devices), `interval_s.DEVICE`, `level` and `commands`. What is granted holds at
        once, across connections and restarts, until the far end wants something else.
        """

    def facts(self) -> Mapping[str, Any]:
        """What the gateway says of itself, as JSON values: versions, devices with their states, health."""


class Endpoint(ABC):
    """One connection at a time to one far end."""

    Config: ClassVar[type[EndpointConfig]]
    keeps_announcements: bool = False
    """Whether the far end still has what it has acknowledged of births and states on the connection before; known by
    the time the session is told."""
    peer: str | None = None
    """Whom it is connected to, for people; set by the time the session is told."""

    @abstractmethod
    def __init__(self, config: Any, identity: Identity, memory: Memory) -> None:
        """Store; no I/O."""

    @property
    def fault(self) -> str | None:
        """What does not work though it is connected, in a sentence for people."""
        return None

    @classmethod
    def advice(cls, config: Any) -> Iterable[Advice]:  # noqa: ARG003 -- most have none
        """What may not do what is meant, or not for long: for `check`, and daily. May read files, so off the loop."""
        return ()

    @classmethod
    def describe(cls, config: Any, identity: Identity, memory: Memory) -> Mapping[str, str]:  # noqa: ARG003
        """What the far end knows this gateway as, by field; for people. May read files, but asks nobody.

        What can't be read is said in its place.
        """
        return {"gateway": identity.gateway}

    @classmethod
    def enrolled(cls, config: Any, memory: Memory) -> bool | None:  # noqa: ARG003
        """Whether it knows who it is at the far end; None where nobody there has to tell it."""
        return None

    @classmethod
    async def enrol(cls, config: Any, memory: Memory) -> None:
        """Have the far end tell who it is, now, known or not; kept in `memory`. Raises EndpointError, PermanentError.

        Only where `enrolled` says something; `run` does the same by itself when it is needed.
        """
        raise NotImplementedError

    @abstractmethod
    async def run(self, session: Session) -> None:
        """Connect and serve until the connection ends; raises EndpointError, Renewed, or PermanentError.

        At its end the connection is closed in the far end's polite way if the session has said goodbye, else cut.
        """

    @abstractmethod
    def publish(self, message: Message) -> None:
        """Send one message; only while connected. The far end's word on it comes by `acknowledged`.

        It may be kept for a while, to travel with others.
        """

    def renew(self, reason: str) -> None:  # noqa: B027 -- what has no state to lose is simply begun anew
        """Files or secrets have changed: pause the session, await what is in flight, then raise Renewed from `run`."""

    def flush(self) -> None:  # noqa: B027 -- most endpoints keep nothing back
        """Send what is kept back: for now nothing comes that could travel with it. Only while connected."""

    @abstractmethod
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        """Send a copy of a result to where the sender of a command asked for it, as a courtesy.

        Nobody hears whether it arrived, and it is no message of the window; what the far end would refuse is not sent.
        """
