"""Commands: invoked, written and read back, read."""

import asyncio
from typing import Any

import pytest

from gateway.adapter import AdapterError, Rejected
from gateway.model import ResultStatus
from tests.serial.talk.rig import Rig, nothing, on_a_line
from tests.serial.test_adapter_listens import SCALE

WRITABLE: dict[str, Any] = {
    "every": "10s",
    "timeout": "200ms",
    "poll": {"send": "?\r\n"},
    "match": r"^SP (?P<sp>\S+) (?P<mode>\d)$",
    "points": {
        "sp": {
            "type": "float",
            "scale": 0.1,
            "writable": {"min": 0, "max": 50},
            "verify": True,
            "write": {"send": "S{value:04d}\r\n", "expect": "^OK$", "error": "^NO"},
        },
        "mode": {
            "type": "int",
            "enum": {0: "off", 1: "auto"},
            "writable": True,
            "write": {"send": "M{value}\r\n", "expect": "^OK$"},
        },
    },
}


def answers(words: dict[bytes, Any]) -> Any:
    return words.get


def test_a_command_is_done_when_the_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        result = await rig.execute("scale", invoke="limit", args={"kg": 12.5})
        assert (result.status, result.values) == (ResultStatus.DONE, {"set": "12.5"})
        assert rig.far.words == rig.wrote == [b"L0012.5\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens, answers({b"L0012.5\r\n": b"OK 12.5\r\n"}))


def test_what_the_device_refuses_fails_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        result = await rig.execute("scale", invoke="tare")
        assert (result.status, result.reason, result.detail) == (ResultStatus.FAILED, "device-error", "in motion")

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens, answers({b"T\r\n": b"E1\r\n"}))


def test_without_an_answer_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        result = await rig.execute("scale", invoke="tare")
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "timeout")
        assert rig.loop.time() == pytest.approx(1.0, abs=0.01)

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_a_command_that_expects_nothing_is_done_once_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        assert (await rig.execute("scale", invoke="beep")).status is ResultStatus.DONE
        assert rig.far.words == [b"B\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


@pytest.mark.parametrize(("answer", "status"), [(b"", ResultStatus.DONE), (b"E\r\n", ResultStatus.FAILED)])
def test_where_only_an_error_is_answered_silence_is_consent(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, status: ResultStatus
) -> None:
    async def happens(rig: Rig) -> None:
        assert (await rig.execute("scale", invoke="zero")).status is status

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens, lambda _: answer or None)


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"invoke": "fly"}, "unknown-command"),
        ({"invoke": "limit", "args": {"kg": 12345.6}}, "out-of-range"),
        ({"invoke": "recipe", "args": {"name": "1A"}}, "malformed"),
        ({"write": {"weight": 1.0}}, "not-writable"),
        ({"write": {"height": 1.0}}, "unknown-point"),
        ({"read": ("height",)}, "unknown-point"),
    ],
)
def test_what_can_not_be_done_is_rejected_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, what: dict[str, Any], reason: str
) -> None:
    async def happens(rig: Rig) -> None:
        with pytest.raises(Rejected) as caught:
            await rig.execute("scale", **what)
        assert caught.value.reason == reason
        assert rig.far.said == []

    recipe = {"args": {"name": {"type": "string", "pattern": "[A-Z]\\d"}}, "send": "R{name}\r\n"}
    scale = {**SCALE, "commands": {**SCALE["commands"], "recipe": recipe}}
    on_a_line(monkeypatch.setattr, {}, {"scale": scale}, happens)


def test_a_text_can_not_smuggle_in_another_command(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"type": "string", "writable": True, "write": {"send": "D{value}\r\n"}}
    display = {"match": "^D (?P<text>.*)$", "points": {"text": shown}}

    async def happens(rig: Rig) -> None:
        with pytest.raises(Rejected, match="control characters"):
            await rig.execute("display", write={"text": "hi\r\nRESET"})
        assert rig.far.said == []

    on_a_line(monkeypatch.setattr, {}, {"display": display}, happens)


def test_what_would_be_rounded_beyond_a_limit_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sp = {**WRITABLE["points"]["sp"], "writable": {"min": 0, "max": 49.96}}
    oven = {**WRITABLE, "points": {**WRITABLE["points"], "sp": sp}}

    async def happens(rig: Rig) -> None:
        with pytest.raises(Rejected, match=r"50\.0 is the nearest value that can be written"):
            await rig.execute("oven", write={"sp": 49.96})
        assert rig.wrote == []

    on_a_line(monkeypatch.setattr, {}, {"oven": oven}, happens)


def test_a_sequence_that_expires_half_way_may_have_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [{"send": "A\r\n", "expect": "^OK$"}, {"pause": "5s"}, {"send": "B\r\n", "expect": "^OK$"}]
    scale = {**SCALE, "commands": {"fill": {"sequence": steps}}}

    async def happens(rig: Rig) -> None:
        result = await rig.execute("scale", within_s=2.0, invoke="fill")
        assert (result.status, rig.far.words) == (ResultStatus.UNKNOWN, [b"A\r\n"])
        assert result.reason != "device-error"

    on_a_line(monkeypatch.setattr, {}, {"scale": scale}, happens, answers({b"A\r\n": b"OK\r\n"}))


def test_a_written_point_is_scaled_sent_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {b"?\r\n": b"SP 215 1\r\n", b"S0215\r\n": b"OK\r\n", b"M0\r\n": b"OK\r\n"}

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(1)
        result = await rig.execute("oven", write={"sp": 21.5})
        assert (result.status, result.values) == (ResultStatus.DONE, {"sp": 21.5})
        assert rig.far.words[-2:] == [b"S0215\r\n", b"?\r\n"]
        result = await rig.execute("oven", write={"mode": "off"})
        assert (result.status, result.values) == (ResultStatus.DONE, {"mode": "off"})
        assert rig.wrote == [b"S0215\r\n", b"M0\r\n"]

    on_a_line(monkeypatch.setattr, {}, {"oven": WRITABLE}, happens, answers(words))


def test_a_read_back_that_differs_fails_and_says_both(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {b"?\r\n": b"SP 200 1\r\n", b"S0215\r\n": b"OK\r\n"}

    async def happens(rig: Rig) -> None:
        result = await rig.execute("oven", write={"sp": 21.5})
        assert (result.status, result.reason, result.values) == (ResultStatus.FAILED, "read-back-differs", {"sp": 20.0})

    on_a_line(monkeypatch.setattr, {}, {"oven": WRITABLE}, happens, answers(words))


def test_a_read_asks_now(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(1)
        result = await rig.execute("oven", read=("mode",))
        assert (result.status, result.values) == (ResultStatus.DONE, {"mode": "auto"})
        assert len(rig.far.said) == 2
        assert rig.samples("oven") == [{"sp": 21.5, "mode": "auto"}] * 2

    on_a_line(monkeypatch.setattr, {}, {"oven": WRITABLE}, happens, answers({b"?\r\n": b"SP 215 1\r\n"}))


def test_a_read_of_what_comes_by_itself_waits_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        rig.far.say(b"ST,GS, 1.0kg\r\n")
        rig.loop.call_later(5, rig.far.say, b"ST,GS, 2.0kg\r\n")
        assert (await rig.execute("scale", read=("weight",))).values == {"weight": 2.0}
        assert rig.loop.time() == pytest.approx(5)
        nobody = await rig.execute("scale", read=("weight",))
        assert (nobody.status, nobody.reason) == (ResultStatus.UNREACHABLE, "timeout")

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_what_comes_when_something_happens_can_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        with pytest.raises(Rejected, match="can't be asked"):
            await rig.execute("scale", read=("weight",))

    on_a_line(monkeypatch.setattr, {}, {"scale": {**SCALE, "stale_after": "never"}}, happens)


def test_a_command_that_can_not_be_sent_in_time_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {**WRITABLE, "timeout": "5s"}

    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.1)
        result = await rig.execute("oven", within_s=1.0, write={"mode": "off"})
        assert result.status is ResultStatus.EXPIRED
        await asyncio.sleep(20)
        assert b"M0\r\n" not in rig.far.words

    on_a_line(monkeypatch.setattr, {}, {"oven": slow}, happens, nothing)


def test_commands_go_before_polls_which_keep_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    device = {**WRITABLE, "every": "100ms"}
    words = {b"?\r\n": (0.1, b"SP 215 1\r\n"), b"M0\r\n": (0.1, b"OK\r\n")}

    async def happens(rig: Rig) -> None:
        until_s = rig.loop.time() + 30
        while rig.loop.time() < until_s:
            assert (await rig.execute("oven", write={"mode": "off"})).status is ResultStatus.DONE
        share = rig.far.words.count(b"?\r\n") / len(rig.far.words)
        assert share == pytest.approx(0.3, abs=0.02)

    on_a_line(monkeypatch.setattr, {}, {"oven": device}, happens, answers(words))


def test_a_lost_link_ends_a_command_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(rig.execute("oven", write={"mode": "off"}))
        await asyncio.sleep(0.01)
        rig.far.hang_up()
        result = await waiting
        assert (result.status, result.reason) == (ResultStatus.UNREACHABLE, "no-link")
        again = await rig.execute("oven", write={"mode": "off"})
        assert (again.status, again.reason) == (ResultStatus.UNREACHABLE, "no-link")

    on_a_line(monkeypatch.setattr, {}, {"oven": {**WRITABLE, "timeout": "5s"}}, happens)


def test_a_link_that_is_lost_while_an_answer_is_awaited_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        waiting = asyncio.create_task(rig.execute("scale", invoke="tare"))
        await asyncio.sleep(0.1)
        assert rig.far.words == [b"T\r\n"]
        rig.far.hang_up()
        result = await waiting
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_a_port_that_fails_within_a_sequence_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [{"send": "A\r\n", "expect": "^OK$"}, {"baudrate": 19200}, {"send": "B\r\n", "expect": "^OK$"}]
    scale = {**SCALE, "commands": {"faster": {"sequence": steps}}}

    async def happens(rig: Rig) -> None:
        async def refuse(_baudrate: int) -> None:
            raise AdapterError("it does not take 19200 baud")

        monkeypatch.setattr(rig.far, "set_baudrate", refuse)
        result = await rig.execute("scale", invoke="faster")
        assert (result.status, result.reason) == (ResultStatus.UNKNOWN, "no-link")

    on_a_line(monkeypatch.setattr, {}, {"scale": scale}, happens, answers({b"A\r\n": b"OK\r\n"}))


def test_reads_that_were_in_vain_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(rig: Rig) -> None:
        for _ in range(5):
            await rig.execute("scale", within_s=1.0, read=("weight",))
        assert rig.adapter._session is not None
        assert len(rig.adapter._session._parties["scale"]._waiting) <= 1

    on_a_line(monkeypatch.setattr, {}, {"scale": SCALE}, happens)


def test_a_text_can_not_bring_a_second_command_along(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"send": 'NAME "{to}";\r\n', "args": {"to": {"type": "string"}}}
    device = {"match": "^(?P<v>x)$", "points": {"v": {"type": "string"}}, "commands": {"name": named}}

    async def happens(rig: Rig) -> None:
        with pytest.raises(Rejected, match=r"to: to the device it would end at '\"'"):
            await rig.execute("d", invoke="name", args={"to": 'a";*RST;"'})
        await rig.execute("d", invoke="name", args={"to": "a.b-c_d e"})
        assert rig.far.words == [b'NAME "a.b-c_d e";\r\n']

    on_a_line(monkeypatch.setattr, {}, {"d": device}, happens)
