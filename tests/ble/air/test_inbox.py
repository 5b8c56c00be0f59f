import asyncio

import pytest

from adapters.ble.advert import Advert
from adapters.ble.air.inbox import BATCH, GATHER_S, ROOM, Inbox


def advert(number: int, address: str = "AA:BB:CC:DD:EE:FF") -> Advert:
    return Advert(address, number, -60)


class Ear:
    def __init__(self) -> None:
        self.heard: list[Advert] = []
        self.failures: list[Exception] = []
        self.inbox = Inbox(self.heard.append, self.failures.append)

    async def emptied(self, turns: int = 10 * ROOM // BATCH) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)


@pytest.fixture
async def ear() -> Ear:
    return Ear()


async def test_what_comes_is_taken_in_its_order(ear: Ear) -> None:
    for number in range(2 * BATCH + 1):
        ear.inbox.put(advert(number))
    await ear.emptied()
    assert [each.time_ms for each in ear.heard] == list(range(2 * BATCH + 1))


async def test_one_turn_of_the_loop_takes_no_more_than_a_batch(ear: Ear) -> None:
    for number in range(3 * BATCH):
        ear.inbox.put(advert(number))
    await ear.emptied(turns=1)
    assert len(ear.heard) == BATCH


async def test_what_fits_is_not_overflowed(ear: Ear) -> None:
    for number in range(ROOM):
        ear.inbox.put(advert(number))
    await ear.emptied()
    assert (len(ear.heard), ear.inbox.overflowed) == (ROOM, 0)


async def test_of_what_finds_no_room_the_newest_of_each_device_is_kept_and_the_rest_counted(ear: Ear) -> None:
    for number in range(ROOM + 3):
        ear.inbox.put(advert(number))
    ear.inbox.put(advert(7, address="11:22:33:44:55:66"))
    await ear.emptied()
    assert [each.time_ms for each in ear.heard[ROOM:]] == [ROOM + 2, 7]
    assert ear.inbox.overflowed == 2


async def test_more_devices_than_there_is_room_for_are_counted(ear: Ear) -> None:
    for number in range(2 * ROOM + 1):
        ear.inbox.put(advert(number, address=f"{number:012X}"))
    await ear.emptied()
    assert (len(ear.heard), ear.inbox.overflowed) == (2 * ROOM, 1)
    assert ear.inbox.heard == 2 * ROOM + 1


async def test_after_a_flood_what_comes_is_taken_again(ear: Ear) -> None:
    for number in range(ROOM + 3):
        ear.inbox.put(advert(number))
    await ear.emptied()
    ear.inbox.put(advert(99))
    await asyncio.sleep(GATHER_S)
    await ear.emptied()
    assert ear.heard[-1].time_ms == 99


async def test_what_comes_after_a_turn_goes_on_together_a_little_later(ear: Ear) -> None:
    ear.inbox.put(advert(1))
    await ear.emptied()
    ear.inbox.put(advert(2))
    ear.inbox.put(advert(3))
    await ear.emptied()
    assert len(ear.heard) == 1
    await asyncio.sleep(GATHER_S)
    await ear.emptied()
    assert [each.time_ms for each in ear.heard] == [1, 2, 3]


async def test_a_defect_of_who_hears_is_told_and_not_swallowed() -> None:
    failures: list[Exception] = []
    inbox = Inbox(lambda _: 1 / 0, failures.append)  # type: ignore[arg-type]
    inbox.put(advert(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [type(each) for each in failures] == [ZeroDivisionError]


async def test_a_closed_inbox_tells_nothing_more(ear: Ear) -> None:
    ear.inbox.put(advert(1))
    ear.inbox.close()
    await ear.emptied()
    assert ear.heard == []
