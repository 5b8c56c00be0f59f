import os
import tty
from collections.abc import Iterator

import pytest


@pytest.fixture
def own() -> Iterator[str]:
    """A port that is there, and whose far end says nothing."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)
