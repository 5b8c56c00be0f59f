from collections.abc import AsyncIterator

import pytest

from tests.contract.rigs import RIGS, Rig


@pytest.fixture(params=RIGS)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with RIGS[request.param]() as running_rig:
        yield running_rig
