"""A far end that cuts and says nothing: whom it does that for is found, and nobody else is blamed."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.barred import Barred
from gateway.cuts import ALONE_CUTS, CALM_CUTS, LONG_S, Cuts
from gateway.endpoints.contract import EndpointError
from gateway.outbox.entry import Entry
from tests.outbox.setup import until
from tests.relay.setup import FarEnd, RelayRig, relaying
from tests.support.examples import examples


def entry(number: int, kind: str = "reading") -> Entry:
    return Entry(number, session=1, seq=number, kind=kind, device="a", time_ms=0, payload=b"{}")


class Line(NamedTuple):
    """How long each connection lasts whatever is on it, and what the far end cuts for."""

    lives: Callable[[], float]
    poison: frozenset[int] = frozenset()
    takes: bool = True


class Model:
    """A far end at the end of a line, and a sender as the relay is one, in rounds of one way there and back."""

    def __init__(self, line: Line, messages: int, window: int, *, in_order: bool = False) -> None:
        self.cuts = Cuts(in_order=in_order)
        self.waiting = dict.fromkeys(range(1, messages + 1))
        self.condemned: list[int] = []
        self.sent: list[int] = []
        self.connections = self.rounds = self.alone = 0
        self._line = line
        self._window = window
        self._status = 10**6

    def connect(self) -> None:
        """Until it is cut, or has taken all."""
        self.connections += 1
        self.cuts.begin()
        self._status += 1
        queue = [self._status, *self.waiting]
        ends_s, age_s = self._line.lives(), 0.0
        while queue or self.cuts.held:
            flying = self._next(queue)
            if not flying:
                self._status += 1  # the gateway says each minute how it does
                queue.append(self._status)
                age_s += LONG_S
                if age_s >= ends_s:
                    break
                continue
            self.rounds += 1
            self.alone += self.cuts.is_trying
            age_s += 1.0
            self.sent += flying
            bad = next((each for each in flying if each in self._line.poison), None)
            if not self._line.takes:
                break
            if age_s > ends_s or bad is not None:
                for each in flying[: flying.index(bad)] if bad is not None and age_s <= ends_s else ():
                    self._answer(each, age_s)
                    flying = flying[1:]
                break
            for each in flying:
                self._answer(each, age_s)
            flying = []
        else:
            return
        for each in self.cuts.ended(flying, age_s):
            self.condemned.append(each)
            self.waiting.pop(each)

    def _next(self, queue: list[int]) -> list[int]:
        if self.cuts.is_due(others_wait=bool(queue)):
            return [each.id for each in self.cuts.trial()]
        flying: list[int] = []
        while queue and len(flying) < (1 if self.cuts.is_wary else self._window):
            each = queue.pop(0)
            if each in self.waiting or each > 10**6:
                kind = "status" if each > 10**6 else "reading"
                if not self.cuts.keeps(entry(each, kind)):
                    flying.append(each)
        return flying

    def _answer(self, each: int, age_s: float) -> None:
        self.cuts.answered(each, age_s)
        self.waiting.pop(each, None)


def for_ever() -> float:
    return float("inf")


@pytest.mark.parametrize("in_order", [False, True])
@given(
    poison=st.frozensets(st.integers(1, 40), min_size=1, max_size=4),
    messages=st.integers(40, 60),
    window=st.integers(1, 30),
)
def test_what_it_cuts_for_is_set_aside_and_all_else_arrives(
    in_order: bool, poison: frozenset[int], messages: int, window: int
) -> None:
    model = Model(Line(for_ever, poison), messages, window, in_order=in_order)
    for _ in range(200):
        model.connect()
        if not model.waiting:
            break
    assert sorted(model.condemned) == sorted(poison)
    assert not model.waiting
    for each in poison:
        assert model.sent.count(each) >= ALONE_CUTS


@given(seed=st.integers(0, 10**6), window=st.integers(3, 30), lives_s=st.floats(2.0, 8.0), fixed=st.booleans())
@settings(max_examples=examples(50))
def test_a_line_that_breaks_by_itself_condemns_nobody_and_all_arrives(
    seed: int, window: int, lives_s: float, fixed: bool
) -> None:
    chance = random.Random(seed)
    lives = (lambda: lives_s) if fixed else (lambda: chance.expovariate(1 / lives_s))
    model = Model(Line(lives), 30, window)
    for _ in range(1000):
        model.connect()
        if not model.waiting:
            break
    assert model.condemned == []
    assert not model.waiting


@given(window=st.integers(1, 30), messages=st.integers(1, 100))
def test_a_far_end_that_takes_nothing_condemns_nobody(window: int, messages: int) -> None:
    model = Model(Line(for_ever, takes=False), messages, window)
    for _ in range(50):
        model.connect()
    assert (model.condemned, len(model.waiting)) == ([], messages)
    assert len(model.cuts.suspects) <= window, "and it does not suspect more with each connection"


@given(lives_s=st.floats(0.5, 20.0), poison=st.integers(1, 20), window=st.integers(2, 10))
def test_on_a_line_that_lasts_so_long_and_no_longer_nobody_else_is_condemned(
    lives_s: float, poison: int, window: int
) -> None:
    model = Model(Line(lambda: lives_s, frozenset({poison})), 20, window)
    for _ in range(300):
        model.connect()
    assert set(model.condemned) <= {poison}


def test_after_it_all_goes_as_fast_as_before() -> None:
    model = Model(Line(for_ever, frozenset({5})), 1000, window=10)
    for _ in range(20):
        model.connect()
    assert model.condemned == [5]
    assert model.rounds < 1000 / 10 + 40
    assert model.alone <= 2 * ALONE_CUTS + 10


def test_one_cut_suspects_nobody() -> None:
    cuts = Cuts()
    assert cuts.ended([1, 2], 1.0) == []
    cuts.begin()
    assert cuts.ended([3, 4], 1.0) == []
    assert not cuts.suspects


def test_one_that_was_answered_in_between_is_acquitted() -> None:
    cuts = Cuts()
    for flying in ([1, 2], [1, 2]):
        cuts.ended(flying, 1.0)
        cuts.begin()
    assert set(cuts.suspects) == {1, 2}
    assert [cuts.keeps(entry(each)) for each in (1, 2, 3)] == [True, True, False]
    assert not cuts.is_due(others_wait=False), "nothing was taken so far"
    cuts.answered(3, 1.0)
    assert not cuts.is_due(others_wait=False), "no later than where it was cut"
    cuts.answered(3, 1.1)
    assert cuts.is_due(others_wait=False)
    assert [each.id for each in cuts.trial()] == [1]
    cuts.answered(1, 1.2)
    assert set(cuts.suspects) == {2}
    assert cuts.is_due(others_wait=False)
    assert not cuts.is_due(others_wait=True), "it is the others' turn"


def test_after_some_cuts_that_have_nothing_in_common_nobody_is_suspected() -> None:
    cuts = Cuts()
    for _ in range(2):
        cuts.ended([1], 1.0)
        cuts.begin()
    for number in range(CALM_CUTS):
        assert set(cuts.suspects) == {1}
        cuts.answered(100, 0.5)
        cuts.ended([10 + number], 2.0)
        cuts.begin()
    assert not cuts.suspects


class Choosy(FarEnd):
    """Takes what comes as it comes, but cuts for what begins with `bad`; at random, too, if that is wanted."""

    chance = random.Random(9)
    share = 0.0
    bad = b"bad"

    def take(self) -> None:
        """All that is there; raises nothing."""
        while self.unanswered and not self._lost.done():
            token = self.unanswered[0]
            if self._unanswered[token].payload.startswith(self.bad) or self.chance.random() < self.share:
                self._lost.set_exception(EndpointError("closed", cut=True))
            else:
                self.ack([token])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def status(relays: RelayRig) -> list[Entry]:
    return [relays.rig.stage("status", b"online", "")]


async def serve_on(relays: RelayRig, connections: int, window: int = 10) -> int:
    """Until nothing waits; how many connections that took."""
    for number in range(1, connections + 1):
        end = await relays.connect(window)
        assert isinstance(end, Choosy)
        while not end._lost.done():
            await relays.quiet()
            if not end.unanswered:
                if not await relays.rig.waiting():
                    return number
                relays.rig.stage("status", b"online", "")
            end.take()
        await relays.ended()
        await relays.quiet()
    raise AssertionError(f"{len(await relays.rig.waiting())} wait after {connections} connections")


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("interval", ["0s", "1s"])
async def test_the_lane_goes_on_behind_a_message_that_it_cuts_for(
    path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool, interval: str
) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Choosy)
    async with relaying(path, announce=status, strict=strict, commit_interval=interval) as relays:
        for number in range(30):
            relays.reading(b"bad" if number == 7 else b"%d" % number)
        assert await serve_on(relays, 12) <= 9
        assert relays.rig.query("SELECT payload, code FROM dead") == [(b"bad", 0)]
        assert [(gap.reason.value, gap.count) for gap in relays.rig.gaps] == [("refused", 1)]
        await relays.disconnect()


async def test_what_all_of_a_kind_are_cut_for_is_kept_and_does_not_go_to_the_dead_letters(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Choosy)
    async with relaying(path, announce=status) as relays:
        for number in range(20):
            relays.reading(b"bad%d" % number)
        for _ in range(40):
            end = await relays.connect()
            assert isinstance(end, Choosy)
            while not end._lost.done():
                await relays.quiet()
                if not end.unanswered and relays.relay.notes:
                    break
                if not end.unanswered:
                    relays.rig.stage("status", b"online", "")
                end.take()
            if relays.relay.notes:
                break
            await relays.ended()
        assert len(relays.rig.query("SELECT id FROM dead")) == 2
        assert len(await relays.rig.waiting()) == 18
        assert relays.relay.notes[0].startswith("those of kind reading of all devices wait: ")
        relays.rig.stage("result", b"r")
        await until(lambda: b"r" in relays.end.payloads)
        relays.end.ack()
        monkeypatch.setattr(Choosy, "bad", b"good again")
        monkeypatch.setattr(Barred, "due", _now)
        relays.rig.stage("status", b"online", "")
        await relays.quiet()
        assert len(relays.end.unanswered) == 2, "one of them is tried"
        relays.end.ack()
        with pytest.raises(Exception, match="takes again"):
            await relays.outcome()
        await serve_on(relays, 1)
        assert relays.relay.notes == []
        await relays.disconnect()


def _now(barred: Barred, _now_s: float) -> list[Entry]:
    """Whatever the time is."""
    samples = [bar.sample for bar in barred._bars.values()]
    barred._tried |= {sample.id for sample in samples}
    return samples


async def test_cuts_at_random_set_nothing_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Choosy)
    monkeypatch.setattr(Choosy, "share", 0.2)
    async with relaying(path, announce=status, max_size="1GiB") as relays:
        cuts = 0
        while cuts < 50:
            for number in range(20):
                relays.reading(b"%d" % number)
            cuts += await serve_on(relays, 200) - 1
            await relays.disconnect()
        assert relays.rig.query("SELECT count(*) FROM dead") == [(0,)]
        assert relays.rig.gaps == []
