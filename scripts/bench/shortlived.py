"""The gateway with tokens of IoT Hub that end within seconds, and are renewed after a third of them.

A configuration may not ask for that: with the shortest that it may, a minute, a measurement would see no renewal.
"""

from __future__ import annotations

from gateway.cli import main
from gateway.endpoints.azure_iot_hub import endpoint, tokens
from gateway.endpoints.azure_iot_hub.config import AzureConfig
from gateway.endpoints.azure_iot_hub.logins import Logins
from gateway.endpoints.contract import Identity, Memory

LIFE_S = 8.0
RENEWED_AT, EARLIER = 0.3, 0.05
"""Early enough that a machine that is busy for seconds is in time."""


class ShortLived(Logins):
    """Of one endpoint."""

    def __init__(self, config: AzureConfig, identity: Identity, memory: Memory) -> None:
        super().__init__(config.model_copy(update={"token_lifetime": LIFE_S}), identity, memory)


if __name__ == "__main__":
    setattr(endpoint, "Logins", ShortLived)  # noqa: B010  # which it takes by this name
    setattr(tokens, "RENEWED_AT", RENEWED_AT)  # noqa: B010
    setattr(tokens, "EARLIER", EARLIER)  # noqa: B010
    main()
