"""The field and the uplink of a daemon under test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.device import Counter, Device
from tests.support.disk import FaultyFolder, need_fuse
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


@pytest.fixture
def faulty_folder(tmp_path: Path) -> Iterator[FaultyFolder]:
    """What the daemon's state directory lies on; asked for before the daemon is made."""
    need_fuse()
    folder = FaultyFolder(tmp_path / "state", tmp_path / "disk")
    yield folder
    folder.end()
