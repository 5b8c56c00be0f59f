from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.iothub import IotHub


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("authority")
    return Authority(folder)


@pytest.fixture
def hub(authority: Authority) -> Iterator[IotHub]:
    """With one device, `box`."""
    with IotHub(authority) as server:
        server.add_device("box")
        yield server
