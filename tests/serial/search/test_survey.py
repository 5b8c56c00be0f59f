"""A search over settings, and what is heard on a port that is one."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.serial import SerialAdapter
from adapters.serial.search import survey as searching
from adapters.serial.search.course import Course
from adapters.serial.search.ear import MAX_BYTES, Ear, faults_at
from adapters.serial.search.report import NOBODY, NOTHING_SENSIBLE, ONE_SPEED
from adapters.serial.search.scope import scope_of
from adapters.serial.search.setting import Setting
from gateway.adapter import AdapterError, Progress, Rejected
from tests.serial.search.samples import SAMPLES
from tests.serial.search.uart import heard_at
from tests.support.patience import HANG_S
from tests.support.ptys import Ptys, ptys

SENT = Setting(19200, 8, "even")


class Wire:
    """What is sent at one setting, heard at each; `tried` are those that were listened at."""

    def __init__(self, said: list[bytes], deaf: tuple[str, ...] = ()) -> None:
        self.said = said
        self.deaf = deaf
        self.tried: list[str] = []
        self.told: list[Progress] = []

    async def search(self, **options: str) -> list[Any]:
        scope = scope_of({"listen": "1ms", **options}, can_be_set=True, own=SENT)
        return await searching._search(self._opened, scope, Course(self.told.append, scope))

    @asynccontextmanager
    async def _opened(self, setting: Setting) -> AsyncIterator[Ear]:
        if setting.name in self.deaf:
            raise AdapterError("the port does not take it")
        self.tried.append(setting.name)
        ear = Ear()
        for _, data in heard_at(setting, self.said, SENT).pieces:
            ear.hear(data)
        yield ear

    @property
    def notes(self) -> list[str]:
        return [note for each in self.told for note in each.notes]


async def test_settings_are_tried_until_one_makes_sense() -> None:
    wire = Wire(SAMPLES["scale"].said)

    found = await wire.search(baudrate="9600,19200,38400", format="8N1,8E1,7E1")

    assert wire.tried == ["9600 8N1", "19200 8N1", "38400 8N1", "9600 8E1", "19200 8E1"]
    assert (found[0].setting, found[0].framing) == (SENT, SAMPLES["scale"].framing)
    assert wire.told[-1].found[0]["link"]["parity"] == "even"
    assert [each.done for each in wire.told] == [0, 1, 2, 3, 4, 5]
    assert not wire.notes


async def test_bytes_that_make_no_sense_at_any_setting_are_told_to_be_so() -> None:
    wire = Wire(SAMPLES["scale"].said)

    found = await wire.search(baudrate="300,600", format="8N1")

    assert not any(each.is_plausible for each in found)
    assert wire.notes == [NOTHING_SENSIBLE]


async def test_silence_is_told_with_what_to_do() -> None:
    wire = Wire([])

    await wire.search(baudrate="300", format="8N1")

    assert wire.notes == [NOBODY]


async def test_a_setting_that_the_port_does_not_take_is_passed_over() -> None:
    wire = Wire(SAMPLES["scale"].said, deaf=("600 8E1",))

    found = await wire.search(baudrate="300,600,19200", format="8E1")

    assert found[0].setting == SENT
    assert wire.notes == ["600 8E1 was passed over: the port does not take it"]


async def test_a_port_that_can_not_be_opened_ends_it() -> None:
    with pytest.raises(Rejected) as caught:
        await Wire([], deaf=("300 8N1",)).search(baudrate="300", format="8N1")

    assert (caught.value.reason, caught.value.detail) == ("no-link", "the port does not take it")


async def test_a_port_is_free_again_before_the_next_setting_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a port of this machine is closed: by a thread, while the loop goes on."""
    held = list[asyncio.Transport]()

    class Slow(asyncio.Transport):
        def abort(self) -> None:
            asyncio.get_running_loop().call_later(0.01, self._closed)

        def _closed(self) -> None:
            held.remove(self)
            self.ear.connection_lost(None)

        ear: asyncio.Protocol

    async def connect(_port: str, _settings: Any, _timeout_s: float, make: Any) -> Slow:
        if held:
            raise AdapterError("another program holds it")
        port = Slow()
        port.ear = make()
        port.ear.connection_made(port)
        held.append(port)
        return port

    monkeypatch.setattr(searching, "connect", connect)
    told = list[Progress]()
    options = {"baudrate": "9600,19200", "format": "8N1", "listen": "1ms"}

    found = await SerialAdapter.survey(SerialAdapter.link_to("/dev/ttyS9"), {}, options, told.append)

    assert [each["setting"] for each in found] == ["9600 8N1", "19200 8N1"]
    assert not held


async def test_what_comes_on_a_port_is_looked_at() -> None:
    async with ptys() as pair, _speaking(pair, b"".join(SAMPLES["scale"].said)):
        told: list[Progress] = []
        found = await SerialAdapter.survey(SerialAdapter.link_to(pair.ours), {}, {"listen": f"{HANG_S}s"}, told.append)

    assert (found[0]["link"], found[0]["plausible"]) == ({"framing": SAMPLES["scale"].framing}, True)
    assert told[0].notes == (ONE_SPEED,)


async def test_a_port_that_is_pulled_out_ends_it() -> None:
    async with ptys() as pair:
        asyncio.get_running_loop().call_later(0.2, pair.unplug)
        with pytest.raises(Rejected) as caught:
            await SerialAdapter.survey(SerialAdapter.link_to(pair.ours), {}, {"listen": f"{HANG_S}s"}, lambda _: None)

    assert caught.value.reason == "no-link"


@pytest.mark.parametrize(("port", "words"), [
    ("/dev/no-such", "there is no serial port /dev/no-such"),
    ("COM3", "how Windows calls a port"),
])  # fmt: skip
async def test_what_is_no_port_is_told(port: str, words: str) -> None:
    with pytest.raises(Rejected) as caught:
        await SerialAdapter.survey(SerialAdapter.link_to(port), {}, {}, lambda _: None)

    assert words in caught.value.detail


async def test_an_ear_keeps_only_so_much() -> None:
    ear = Ear()
    for _ in range(3):
        ear.hear(bytes(MAX_BYTES // 2 + 1))

    assert ear.is_full
    assert len(ear.heard(SENT).data) == MAX_BYTES


def test_a_port_without_a_driver_that_counts_tells_no_damage() -> None:
    master, slave = os.openpty()
    try:
        assert faults_at(slave) is None
        assert faults_at(None) is None
    finally:
        os.close(master)
        os.close(slave)


@asynccontextmanager
async def _speaking(pair: Ptys, data: bytes) -> AsyncIterator[None]:
    """The far end says this again and again."""
    far = os.open(pair.theirs, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def speak() -> None:
        while True:
            os.write(far, data)
            await asyncio.sleep(0.05)

    speaking = asyncio.create_task(speak())
    try:
        yield
    finally:
        speaking.cancel()
        os.close(far)
