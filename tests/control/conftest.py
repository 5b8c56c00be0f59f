from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.control.setup import Api, served


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """At work on a socket of its own."""
    async with served(tmp_path) as served_api:
        yield served_api
