"""Ten thousand commands at once: each is answered, the device is still read, and memory does not grow with them.

The daemon, its device, the broker and the sender are those of scripts/bench/commands.
"""

import pytest

from gateway.adapter import LinkConfig
from gateway.outbox.staging import STAGING_BYTES
from scripts.bench.commanding import DONE, QUEUE_FULL, Flooded, flood
from scripts.bench.processes import daemon_command
from scripts.bench.result import MIB, Case

COMMANDS = 10_000
SHARE: float = LinkConfig.model_fields["poll_share"].default
SLOW_S = 0.005


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SLOW_S, 2 * SLOW_S), id="polls-want-half-of-the-bus"),
        pytest.param((0.0, 0.02), id="fast-bus", marks=pytest.mark.slow),
    ],
)
def flooded(request: pytest.FixtureRequest) -> Flooded:
    takes_s, period_s = request.param
    case = Case(
        devices=1,
        type="uint16",
        period_s=period_s,
        warmup_s=0.5,
        seconds=1,
        protocol="5",
        site=(),
        daemon=daemon_command(None),
        point=("writable: true",),
        takes_s=takes_s,
    )
    return flood(case, COMMANDS)


def test_every_command_of_a_flood_is_answered_once(flooded: Flooded) -> None:
    assert (flooded.told.unanswered(COMMANDS), flooded.told.answered_twice) == (0, 0)


def test_what_does_not_fit_is_refused_as_queue_full(flooded: Flooded) -> None:
    assert flooded.told.words.keys() == {DONE, QUEUE_FULL}


def test_what_is_answered_as_done_was_written_once_and_nothing_else_was(flooded: Flooded) -> None:
    assert flooded.told.twice == 0
    assert flooded.told.is_told_right


def test_polls_keep_their_share_of_the_bus(flooded: Flooded) -> None:
    polls = flooded.polls_during * flooded.seconds

    assert polls >= SHARE * min(flooded.polls_before * flooded.seconds, polls + len(flooded.told.writes))


def test_memory_does_not_grow_beyond_what_may_wait_for_the_disk(flooded: Flooded) -> None:
    assert flooded.peak_after_mib - flooded.peak_before_mib < STAGING_BYTES / MIB
