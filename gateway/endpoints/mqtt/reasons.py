"""What a broker's reason codes mean for us. Pure."""

from __future__ import annotations

FAILURE = 0x80
"""Reason codes from here on are failures (MQTT 5, 2.4)."""

ABOUT_MESSAGE = frozenset({0x90, 0x95, 0x99})
"""Topic name invalid, packet too large, payload format invalid: about one message (MQTT 5, 3.4.2.1)."""

HINTS_V5 = {
    0x84: "set protocol: 3.1.1",
    0x85: "set another client_id",
    0x86: "check username and password",
    0x87: "check username, password and the broker's access list",
}
"""What to do about a refused CONNECT (MQTT 5, 3.2.2.2); paho gives 3.1.1 return codes these numbers, too."""


def why_refused(code: int, text: str, *, v5: bool) -> str:
    """The broker's refusal of a CONNECT, with what to do next."""
    hint = HINTS_V5.get(code)
    if code == 0x84 and not v5:
        hint = "set protocol: 5"
    return f"the broker refuses us: {text}" + (f" ({hint})" if hint else "")
