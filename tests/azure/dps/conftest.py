from collections.abc import Iterator

import pytest

from gateway.endpoints.azure_iot_hub.dps import registration
from tests.support.authority import Authority
from tests.support.iothub import Dps, IotHub


@pytest.fixture
def dps(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dps]:
    """Asked as often as one likes; its hub is not running."""
    monkeypatch.setattr(registration, "PAUSE_S", 0.0)
    with Dps(authority, IotHub(authority, "box-hub.example")) as server:
        yield server
