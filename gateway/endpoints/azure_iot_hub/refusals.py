"""Why a service of Azure lets nobody in, as far as its answer tells. Pure."""

from __future__ import annotations

from gateway.endpoints.mqtt.reasons import BAD_LOGIN, NOT_AUTHORIZED, Said

OF_LOGIN = frozenset({BAD_LOGIN, NOT_AUTHORIZED})
"""As paho tells return codes 4 and 5 of MQTT 3.1.1 (3.2.2.3)."""

OF_OTHERS = frozenset({0x84, 0x85})
"""Return codes 1 and 2, which no service of Azure has; of a broker the advice is to set what can't be set here."""


def words(said: Said, about_login: str | None = None) -> str:
    """With what to do next."""
    if said.code in OF_OTHERS:
        return said.words("no service of Azure says so: what answers there?")
    return said.words(about_login if said.code in OF_LOGIN else None)
