"""The field and the uplink of a daemon under test."""

from collections.abc import Iterator

import pytest

from tests.support.device import Counter, Device
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto


@pytest.fixture
def meter() -> Iterator[Device]:
    """A device whose register counts how often it was read."""
    with Device(Counter()) as device:
        yield device


@pytest.fixture
def line(mosquitto: Mosquitto) -> Iterator[Line]:
    """What the daemon must go through to the broker."""
    with Line(mosquitto.port) as line:
        yield line
