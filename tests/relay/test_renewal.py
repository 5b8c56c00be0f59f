"""A connection that is ended in good order for a fresh one: what goes on, what waits, and what is said at a stop."""

import asyncio
from pathlib import Path

import pytest
from typing_extensions import override

from gateway.endpoints.contract import Renewed
from gateway.outbox.entry import Entry
from tests.outbox.setup import until
from tests.relay.setup import FarEnd, RelayRig, relaying


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


class Renewing(FarEnd):
    """Ends as it should once it is told to renew and nothing is in flight."""

    @override
    def renew(self, reason: str) -> None:
        self.session.pause()
        self.reason = reason
        self.end_if_drained()

    @override
    def ack(self, tokens: object = None, **word: object) -> None:
        super().ack(tokens, **word)  # type: ignore[arg-type]
        self.end_if_drained()

    def end_if_drained(self) -> None:
        if hasattr(self, "reason") and not self.unanswered and not self._lost.done():
            self._lost.set_exception(Renewed(self.reason))


@pytest.fixture(params=[Renewing, FarEnd], ids=["by the endpoint", "by the house"])
def renewing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", request.param)


@pytest.mark.usefixtures("renewing")
async def test_what_is_in_flight_is_awaited_and_the_rest_goes_on_the_next_connection(path: Path) -> None:
    async with relaying(path) as relays:
        end = await relays.connect(window=3)
        for number in range(5):
            relays.reading(b"%d" % number)
        relays.relay.renew("the token ends")
        relays.rig.stage("result", b"r")
        relays.reading(b"5")
        first, *others = end.unanswered
        end.ack([first])
        assert end.payloads == [b"0", b"1", b"2"], "nothing more is published"
        end.ack(others)
        with pytest.raises(Renewed, match="the token ends"):
            await relays.outcome()
        assert not relays.relay.connected_now
        end = await relays.connect()
        await relays.sent(4)
        assert sorted(end.payloads) == [b"3", b"4", b"5", b"r"]
        assert end.payloads[0] == b"r"


@pytest.mark.usefixtures("renewing")
async def test_with_nothing_in_flight_it_is_at_once(path: Path) -> None:
    async with relaying(path) as relays:
        await relays.connect()
        relays.relay.renew("now")
        with pytest.raises(Renewed):
            await relays.outcome()


def hold_back(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Whether a connection is being made, and whether it may be there."""
    begun, may_connect = asyncio.Event(), asyncio.Event()
    original = FarEnd.run

    async def slowly(self: FarEnd, session: object) -> None:
        begun.set()
        await may_connect.wait()
        await original(self, session)  # type: ignore[arg-type]

    monkeypatch.setattr(FarEnd, "run", slowly)
    return begun, may_connect


@pytest.mark.usefixtures("renewing")
async def test_a_connection_that_is_being_made_is_renewed_once_it_is_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have begun with what was before."""
    begun, may_connect = hold_back(monkeypatch)
    async with relaying(path) as relays:
        connecting = asyncio.create_task(relays.connect())
        await begun.wait()
        relays.relay.renew("changed")
        may_connect.set()
        await connecting
        with pytest.raises(Renewed, match="changed"):
            await relays.outcome()
        await relays.connect()
        await relays.quiet()
        assert relays.relay.connected_now, "the next one begins with what there is now"


async def test_what_dies_while_it_is_renewed_has_failed_and_nothing_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.relay.setup.FarEnd", Renewing)
    async with relaying(path) as relays:
        end = await relays.connect()
        relays.reading(b"0")
        relays.relay.renew("x")
        relays.reading(b"1")
        end.lose()
        assert str(await relays.ended()) == "cable cut"
        assert not relays.relay.may_drain
        end = await relays.connect()
        assert sorted(await relays.sent(2)) == [b"0", b"1"]


async def test_an_endpoint_s_defect_ends_its_connection_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: FarEnd, _reason: str) -> None:
        raise RuntimeError("oops")

    monkeypatch.setattr(Renewing, "renew", fail)
    monkeypatch.setattr("tests.relay.setup.FarEnd", Renewing)
    async with relaying(path) as relays:
        await relays.connect()
        relays.relay.renew("x")
        assert str(await relays.ended()) == "renew: RuntimeError: oops"


async def renewed(relays: RelayRig) -> None:
    """A connection has ended, for the next one to begin."""
    await relays.connect()
    relays.relay.renew("x")
    with pytest.raises(Renewed):
        await relays.outcome()


async def stopping(relays: RelayRig) -> asyncio.Task[None]:
    """The gateway says goodbye, and waits until that has arrived."""
    relays.relay.say_goodbye(relays.rig.stage("status", b"offline", ""))
    drained = asyncio.create_task(relays.relay.drained())
    await relays.quiet()
    return drained


@pytest.mark.usefixtures("renewing")
@pytest.mark.parametrize("interval", ["0s", "1s"])
async def test_a_stop_that_comes_meanwhile_says_goodbye_on_the_next_connection(path: Path, interval: str) -> None:
    def announce(relays: RelayRig) -> list[Entry]:
        return [relays.rig.stage("status", b"online", "")]

    async with relaying(path, announce=announce, commit_interval=interval) as relays:
        end = await relays.connect()
        await relays.sent(1)
        relays.relay.renew("x")
        drained = await stopping(relays)
        end.ack()
        with pytest.raises(Renewed):
            await relays.outcome()
        assert relays.relay.may_drain
        assert not drained.done()
        end = await relays.connect()
        await relays.sent(1)
        assert [(m.payload, m.retain) for m in end.sent] == [(b"offline", True)], "and not once more that we are there"
        end.ack()
        async with asyncio.timeout(10):
            await drained
        assert relays.relay.said_goodbye


@pytest.mark.usefixtures("renewing")
async def test_a_stop_waits_while_the_next_connection_is_being_made(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relaying(path) as relays:
        await renewed(relays)
        begun, may_connect = hold_back(monkeypatch)
        connecting = asyncio.create_task(relays.connect())
        await begun.wait()
        drained = await stopping(relays)
        assert relays.relay.may_drain
        may_connect.set()
        end = await connecting
        await until(lambda: end.payloads == [b"offline"])
        assert not drained.done()
        end.ack()
        async with asyncio.timeout(10):
            await drained


@pytest.mark.usefixtures("renewing")
async def test_a_stop_does_not_wait_for_a_connection_that_does_not_come_back(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relaying(path) as relays:
        await renewed(relays)
        drained = await stopping(relays)

        async def refuse(_self: FarEnd, _session: object) -> None:
            raise OSError("no route")

        monkeypatch.setattr(type(relays.end), "run", refuse)
        with pytest.raises(OSError, match="no route"):
            await relays.relay.serve(type(relays.end)(), lambda: None)
        async with asyncio.timeout(10):
            await drained


async def test_an_endpoint_that_keeps_them_is_told_births_and_states_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FarEnd, "keeps_announcements", True)
    known: list[Entry] = []

    def announce(relays: RelayRig) -> list[Entry]:
        if not known:
            parts = [("birth", b"birth"), ("birth", b"and its other part"), ("status", b"status")]
            known.extend(relays.rig.stage(kind, payload, "a") for kind, payload in parts)
        return [relays.rig.stage("status", b"online", ""), *known]

    async with relaying(path, announce=announce) as relays:
        end = await relays.connect()
        await until(lambda: len(end.sent) == 4)
        end.ack([message.token for message in end.sent if message.payload != b"birth"])
        await relays.disconnect()
        end = await relays.connect()
        await relays.quiet()
        assert end.payloads == [b"online", b"birth"], "what was not acknowledged is told again"
        end.ack()
        known[2] = relays.rig.stage("status", b"changed", "a")
        end.ack()
        await relays.disconnect()
        end = await relays.connect()
        await relays.quiet()
        assert end.payloads == [b"online"]
        relays.relay.republish()
        assert end.payloads == [b"online", b"online", b"birth", b"and its other part", b"changed"]
        end.ack()
        await relays.disconnect()
        monkeypatch.setattr(FarEnd, "peer", "another one, which has heard nothing")
        end = await relays.connect()
        await relays.quiet()
        assert end.payloads == [b"online", b"birth", b"and its other part", b"changed"]
