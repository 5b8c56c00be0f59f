"""How many results may wait before no more are made."""

import asyncio

import pytest

from gateway.crowd import CROWD, FLOOD, Crowd


@pytest.mark.parametrize(("waiting", "is_flood"), [(0, False), (FLOOD - 1, False), (FLOOD, True)])
def test_a_flood_begins_where_staging_is_full(waiting: int, is_flood: bool) -> None:
    assert Crowd(lambda: waiting).is_flood is is_flood


async def test_there_is_room_up_to_the_bound_and_again_when_enough_have_left() -> None:
    waiting = CROWD
    crowd = Crowd(lambda: waiting)
    async with asyncio.timeout(5):
        await crowd.room()
    waiting = CROWD + 1
    coming = asyncio.create_task(crowd.room())
    await asyncio.sleep(0)
    crowd.left()
    await asyncio.sleep(0)
    assert not coming.done()
    waiting = CROWD
    crowd.left()
    async with asyncio.timeout(5):
        await coming
