"""What a broker's reason codes mean for us, and what to do next. Pure."""

from __future__ import annotations

from msgspec import Struct

FAILURE = 0x80
"""Reason codes from here on are failures (MQTT 5, 2.4)."""

ABOUT_MESSAGE = frozenset({0x90, 0x95, 0x99})
"""Topic name invalid, packet too large, payload format invalid: about one message (MQTT 5, 3.4.2.1)."""

ABOUT_WHAT_WAS_SENT = ABOUT_MESSAGE | {0x81, 0x82, 0x87}
"""Of a DISCONNECT: malformed packet, protocol error, not authorized (MQTT 5, 3.14.2.1): perhaps for one message."""

PROTOCOL_ERROR, UNSUPPORTED_VERSION, BAD_LOGIN, NOT_AUTHORIZED = 0x82, 0x84, 0x86, 0x87
KEEPALIVE_TIMEOUT, TAKEN_OVER = 0x8D, 0x8E
ALIAS_INVALID, RETAIN_NOT_SUPPORTED, QOS_NOT_SUPPORTED = 0x94, 0x9A, 0x9B

RETURN_CODES = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}
"""Those of MQTT 3.1.1 (3.2.2.3), as reason codes. Brokers of old answer a CONNECT of MQTT 5 with them, too."""

REASONS = {
    0x80: ("Unspecified error", "its own log may say more"),
    0x81: ("Malformed packet", "its own log may say more; is it an MQTT broker of this protocol version?"),
    0x82: ("Protocol error", "its own log may say more; is it an MQTT broker of this protocol version?"),
    0x83: ("Implementation specific error", "its own log may say more"),
    0x84: ("Unsupported protocol version", "set protocol: 3.1.1"),
    0x85: ("Client identifier not valid", "set another client_id"),
    0x86: ("Bad user name or password", "check username and password"),
    0x87: ("Not authorized", "check username, password and the broker's access list"),
    0x88: ("Server unavailable", "it is tried again"),
    0x89: ("Server busy", "it is tried again"),
    0x8A: ("Banned", "ask whoever runs the broker to let this client_id in"),
    0x8B: ("Server shutting down", "it is tried again"),
    0x8C: ("Bad authentication method", "the broker wants another way of login than user name and password"),
    0x8D: ("Keep alive timeout", "it heard nothing from us: is the line overloaded? A longer keepalive may help"),
    0x8E: ("Session taken over", "another client with the same client_id has connected"),
    0x8F: ("Topic filter invalid", "check topics"),
    0x90: ("Topic name invalid", "check topics and root: the broker may allow certain names, depths or lengths only"),
    0x91: ("Packet identifier in use", "the broker still counts a publish of the last connection"),
    0x92: ("Packet identifier not found", "its own log may say more"),
    0x93: ("Receive maximum exceeded", "set a smaller window"),
    0x94: ("Topic alias invalid", "this broker gets none from now on"),
    0x95: ("Packet too large", "set smaller batches, or let the broker take larger packets"),
    0x96: ("Message rate too high", "report less often, or set batches or a smaller backlog_rate"),
    0x97: ("Quota exceeded", "the broker's limit for this client or account is reached: nothing is lost meanwhile"),
    0x98: ("Administrative action", "somebody at the broker has ended the connection"),
    0x99: ("Payload format invalid", "the broker checks what messages look like: does it expect another format?"),
    0x9A: ("Retain not supported", "the broker keeps no states: from the next attempt on it is asked to keep none"),
    0x9B: ("QoS not supported", "the broker takes QoS 0 only, which acknowledges nothing: use another one"),
    0x9C: ("Use another server", "for now; put its address into url"),
    0x9D: ("Server moved", "put its address into url"),
    0x9E: ("Shared subscriptions not supported", "its own log may say more"),
    0x9F: ("Connection rate exceeded", "set a longer reconnect: {min: ...}"),
    0xA0: ("Maximum connect time", "the broker lets nobody stay for longer"),
    0xA1: ("Subscription identifiers not supported", "its own log may say more"),
    0xA2: ("Wildcard subscriptions not supported", "its own log may say more"),
}
"""By reason code: its name, and what to do (MQTT 5, 2.4, and the sections of each packet)."""

SHOWN_CHARACTERS = 200
"""Of a broker's own words, which may have 65,535 bytes, in a log."""

NOT_ALLOWED = "the broker's access list does not allow this to us"
"""0x87 once the login was good (MQTT 5, 3.4.2.1 and 3.9.3)."""


class Said(Struct, frozen=True):
    """A reason code, and what came with it: Reason String, Server Reference (MQTT 5, 2.2.2.2)."""

    code: int
    text: str | None = None
    reference: str | None = None

    @property
    def name(self) -> str:
        """As the specification has it."""
        return REASONS[self.code][0] if self.code in REASONS else f"reason code {self.code:#04x}"

    def words(self, hint: str | None = None) -> str:
        """For people: its name, what the broker says itself, and what to do."""
        known = REASONS[self.code][1] if self.code in REASONS else None
        if self.reference:
            known = f"it names {_shown(self.reference)}: put that into url"
        advice = hint or known
        return f"{self.name}{self.quoted}" + (f" ({advice})" if advice else "")

    @property
    def quoted(self) -> str:
        """The broker's own words, if it has said any."""
        return f': "{_shown(self.text)}"' if self.text else ""


def _shown(text: str) -> str:
    """What a stranger wrote, as one line of a log can bear it."""
    return "".join(each if each.isprintable() else " " for each in text[:SHOWN_CHARACTERS])


def why_refused(said: Said, *, v5: bool) -> str:
    """The broker's refusal of a CONNECT, with what to do next."""
    hint = "set protocol: 5" if said.code == UNSUPPORTED_VERSION and not v5 else None
    return f"the broker refuses us: {said.words(hint)}"


def why_ended(said: Said, client_id: str) -> str:
    """The broker's DISCONNECT, with what to do next."""
    if said.code < FAILURE:
        return f"the broker has ended the connection{said.quoted}"
    hint = NOT_ALLOWED if said.code == NOT_AUTHORIZED else None
    if said.code == TAKEN_OVER:
        hint = f"another client with the client_id {client_id} has connected: is there a second box with this identity?"
    return f"the broker has ended the connection: {said.words(hint)}"


def why_not_taken(said: Said) -> str:
    """The broker's no to a PUBLISH or a subscription."""
    return f"{said.code:#04x} {said.words(NOT_ALLOWED if said.code == NOT_AUTHORIZED else None)}"


def why_cut(client_id: str) -> str:
    """What is probable when a broker closes again and again, soon after each login, and gives no reason.

    How often is not told: what says another number each time would be news each time.
    """
    return (
        f"several times in a row, each soon after login: another client may be using the client_id {client_id}, "
        "or the broker's access list forbids one of our topics"
    )
