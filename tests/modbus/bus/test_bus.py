"""Commands and polls on one bus, in simulated time."""

import asyncio
from itertools import groupby

import pytest

from adapters.modbus.bus.awaited import NotSent, Probe
from adapters.modbus.wire.exchange import LINK_LOST
from adapters.modbus.wire.frames import read_frames
from tests.modbus.virtual import COMMAND, ONE, POLL, Endless, Rig, simulate

SHARE = 0.3
DEAD = 9
COSTS = [
    pytest.param(0.29, 0.02, id="125 registers at 9600 baud against a write"),
    pytest.param(0.005, 0.9, id="a slow write against fast polls"),
    pytest.param(0.01, 0.01, id="alike"),
]


@pytest.mark.parametrize(("poll_s", "command_s"), COSTS)
def test_a_flood_of_commands_leaves_polls_their_share_and_takes_no_less_than_the_rest(
    poll_s: float, command_s: float
) -> None:
    async def flooded(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await rig.flood(300)
        total_s = rig.loop.time()
        assert rig.share_of(POLL) * total_s >= SHARE * total_s - command_s
        assert rig.share_of(POLL) * total_s <= SHARE * total_s + 2 * poll_s

    simulate(flooded, {POLL: poll_s, COMMAND: command_s}, SHARE)


@pytest.mark.parametrize(("poll_s", "command_s"), COSTS)
def test_commands_that_come_one_after_the_other_leave_polls_their_share(poll_s: float, command_s: float) -> None:
    async def pressed(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await rig.one_by_one(300)
        total_s = rig.loop.time()
        assert rig.share_of(POLL) * total_s >= SHARE * total_s - command_s

    simulate(pressed, {POLL: poll_s, COMMAND: command_s}, SHARE)


def test_several_requests_under_way_leave_polls_their_share() -> None:
    async def flooded(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(8)], 0.0)
        await rig.flood(2000)
        polls_s = rig.line.units.count(POLL) * 0.01
        commands_s = rig.line.units.count(COMMAND) * 0.05
        assert polls_s >= SHARE * (polls_s + commands_s) - 4 * 0.05

    simulate(flooded, {POLL: 0.01, COMMAND: 0.05}, SHARE, in_flight=4)


def test_commands_to_a_dead_device_leave_polls_their_share() -> None:
    async def silent(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus)], 0.0)
        await rig.one_by_one(50, unit=DEAD)
        total_s = rig.loop.time()
        assert rig.share_of(POLL) * total_s >= SHARE * total_s - 1.0

    simulate(silent, {POLL: 0.005}, SHARE)


def test_polls_of_a_dead_device_leave_commands_the_rest() -> None:
    async def silent(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus, 1.0, unit=DEAD) for _ in range(5)], 0.0)
        await rig.flood(300)
        total_s = rig.loop.time()
        assert rig.share_of(COMMAND) * total_s >= (1 - SHARE) * total_s - 2 * 1.0

    simulate(silent, {COMMAND: 0.02}, SHARE)


def test_a_command_goes_before_all_polls_but_the_one_under_way() -> None:
    async def busy(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(20)], 0.0)
        for _ in range(50):
            await asyncio.sleep(10.1)
            before = len(rig.line.sent)
            await rig.bus.ask(rig.ask())
            assert rig.line.units[before] == COMMAND

    simulate(busy, {POLL: 0.3, COMMAND: 0.02}, SHARE)


def test_a_command_goes_at_once_when_nothing_is_under_way() -> None:
    async def idle(rig: Rig) -> None:
        await rig.one_by_one(100)
        assert [at for at, _ in rig.line.sent] == pytest.approx([n * 0.02 for n in range(100)])

    simulate(idle, {COMMAND: 0.02}, SHARE)


def test_no_poll_comes_between_a_write_and_its_read_back_when_polls_have_had_their_share() -> None:
    async def busy(rig: Rig) -> None:
        async def write_and_read_back() -> None:
            await rig.bus.ask(rig.ask())
            await rig.bus.ask(rig.ask())

        rig.bus.poll([Endless(rig.bus) for _ in range(20)], 0.0)
        for _ in range(200):
            await asyncio.create_task(write_and_read_back())
        runs = [len(list(run)) for unit, run in groupby(rig.line.units) if unit == COMMAND]
        assert runs.count(2) >= 190

    simulate(busy, {POLL: 0.3, COMMAND: 0.02}, SHARE)


def test_with_a_share_of_nothing_commands_go_strictly_first() -> None:
    async def flooded(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await rig.flood(100)
        assert rig.line.units[:102] == [POLL, *[COMMAND] * 100, POLL]

    simulate(flooded, {POLL: 0.3, COMMAND: 0.02}, 0.0)


def test_an_hour_of_polls_alone_gives_commands_no_credit() -> None:
    async def late(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await asyncio.sleep(3600)
        await rig.flood(100)
        assert rig.share_of(POLL, since_s=3600) >= SHARE - 0.05

    simulate(late, {POLL: 0.1, COMMAND: 0.1}, SHARE)


def test_an_hour_of_commands_alone_gives_polls_no_credit() -> None:
    async def late(rig: Rig) -> None:
        await rig.flood(1000)
        began_s = rig.loop.time()
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await rig.flood(100)
        assert rig.share_of(POLL, since_s=began_s) <= SHARE + 0.05

    simulate(late, {POLL: 0.1, COMMAND: 3.6}, SHARE)


def test_once_no_command_is_about_the_bus_counts_no_time() -> None:
    async def past(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus) for _ in range(3)], 0.0)
        await rig.flood(3)
        await asyncio.sleep(10)
        assert not rig.bus._contested

    simulate(past, {POLL: 0.1, COMMAND: 0.1}, SHARE)


def test_a_command_that_expires_while_polls_have_their_turn_is_not_sent() -> None:
    async def hurried(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus)], 0.0)
        slow = asyncio.create_task(rig.flood(1))
        await asyncio.sleep(0.001)
        assert await rig.bus.ask(rig.ask(within_s=0.9)) is NotSent.EXPIRED
        await slow
        assert rig.line.units.count(COMMAND) == 1

    simulate(hurried, {POLL: 0.1, COMMAND: 0.95}, SHARE)


def test_what_waits_when_the_bus_stops_is_told_so() -> None:
    async def stopped(rig: Rig) -> None:
        probe = Probe(read_frames(COMMAND, ONE), 1.0)
        rig.bus.poll([Endless(rig.bus)], 0.0)
        waiting = [asyncio.create_task(rig.bus.ask(rig.ask())), asyncio.create_task(rig.bus.look(probe))]
        await asyncio.sleep(0)
        rig.bus.stop()
        assert await asyncio.gather(*waiting) == [NotSent.NO_LINK] * 2

    simulate(stopped, {POLL: 0.1, COMMAND: 0.1})


def test_what_is_under_way_when_the_link_is_lost_is_told_so() -> None:
    async def cut(rig: Rig) -> None:
        asking = asyncio.create_task(rig.bus.ask(rig.ask()))
        await asyncio.sleep(0)
        rig.wire.connection_lost(None)
        assert await asking == LINK_LOST
        assert await rig.bus.ask(rig.ask()) is NotSent.NO_LINK

    simulate(cut, {COMMAND: 0.1})


def test_a_probe_that_is_no_longer_wanted_is_not_sent() -> None:
    async def dropped(rig: Rig) -> None:
        rig.bus.poll([Endless(rig.bus)], 0.0)
        looking = asyncio.create_task(rig.bus.look(Probe(read_frames(DEAD, ONE), 1.0)))
        await asyncio.sleep(0)
        looking.cancel()
        await asyncio.sleep(10)
        assert DEAD not in rig.line.units

    simulate(dropped, {POLL: 0.1})
