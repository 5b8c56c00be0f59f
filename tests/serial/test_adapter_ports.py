"""The adapter over real ports: pseudo terminals and sockets."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.serial import SerialAdapter
from adapters.serial.config import SerialDevice, SerialLink
from gateway.adapter import AdapterError, Unheard
from gateway.model import Command, DeviceState, ResultStatus
from tests.serial.test_adapter_listens import SCALE
from tests.support.emitted import Emitted, running, untold
from tests.support.patience import HANG_S
from tests.support.ptys import ptys
from tests.support.rfc2217 import DeviceServer

POLLED: dict[str, Any] = {
    "every": "50ms",
    "poll": {"send": "?\r\n", "timeout": "20s"},
    "match": r"^T (?P<t>\S+)$",
    "points": {"t": {"type": "float"}},
}


def adapter(port: str, device: dict[str, Any]) -> SerialAdapter:
    link = SerialLink.model_validate({"adapter": "serial", "port": port})
    return SerialAdapter(link, {"d": SerialDevice.model_validate({"link": "l", **device})}, {"d": {}})


class Far:
    """The device at the other end; `answer` is what it says to a line."""

    def __init__(self, path: str) -> None:
        self.answers: dict[bytes, bytes] = {}
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._file, self._read)
        self._begun = b""

    def say(self, data: bytes) -> None:
        os.write(self._file, data)

    def close(self) -> None:
        self._loop.remove_reader(self._file)
        os.close(self._file)

    def _read(self) -> None:
        *lines, self._begun = (self._begun + os.read(self._file, 4096)).split(b"\r\n")
        for line in lines:
            if line in self.answers:
                self.say(self.answers[line])


@asynccontextmanager
async def at_work(device: dict[str, Any]) -> AsyncIterator[tuple[SerialAdapter, Emitted, Far, Any]]:
    async with ptys() as pair:
        far = Far(pair.theirs)
        made = adapter(pair.ours, device)
        try:
            async with running(made) as emitted:
                async with asyncio.timeout(HANG_S):
                    while made._session is None:  # noqa: ASYNC110  # nobody tells that a port was opened
                        await asyncio.sleep(0.001)
                yield made, emitted, far, pair
        finally:
            far.close()


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes as soon as the port is open is not taken for the rest of something."""
    monkeypatch.setattr("adapters.serial.talk.wire.AMID_S", 0.0)


@pytest.mark.usefixtures("trusting")
async def test_what_a_device_sends_becomes_samples() -> None:
    async with at_work(SCALE) as (_, emitted, far, _pair):
        for piece in (b"ST,GS,  12", b".34kg\r", b"\nUS,NT,-1.00kg\r\n"):
            far.say(piece)
        await emitted.until(lambda: len(emitted.samples("d")) == 2)
        assert emitted.values("d") == {"weight": -1.0, "stable": False}


async def test_a_device_is_asked_and_commanded() -> None:
    device = {**POLLED, "commands": {"go": {"send": "GO\r\n", "expect": "^GONE$", "timeout": "20s"}}}
    async with at_work(device) as (made, emitted, far, _pair):
        far.answers = {b"?": b"T 21.5\r\n", b"GO": b"GONE\r\n"}
        if not emitted.samples("d"):
            far.say(b"T 21.5\r\n")  # the first question may have come too early
        await emitted.state("d", DeviceState.ONLINE)
        command = Command("c", "d", asyncio.get_running_loop().time() + HANG_S, invoke="go")
        assert (await made.execute(command, untold)).status is ResultStatus.DONE
        await emitted.sample("d", 3)


async def unplugged() -> None:
    """It has been heard, and is pulled out."""
    async with at_work(SCALE) as (_, emitted, far, pair):
        far.say(b"ST,GS,  12.34kg\r\n")
        await emitted.until(lambda: emitted.samples("d"))
        pair.unplug()
        async with asyncio.timeout(HANG_S):
            while not emitted.over:  # noqa: ASYNC110  # `until` takes an end for a defect
                await asyncio.sleep(0.001)


@pytest.mark.usefixtures("trusting")
async def test_a_port_that_is_pulled_out_ends_the_link_and_one_that_is_back_begins_anew() -> None:
    with pytest.raises(AdapterError, match="has gone away"):
        await unplugged()
    async with at_work(SCALE) as (_, emitted, far, _pair):
        far.say(b"ST,GS,  12.34kg\r\n")
        await emitted.until(lambda: emitted.samples("d"))


async def test_a_port_that_is_not_there_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(AdapterError, match="is the adapter plugged in"):
        await adapter("/dev/ttyNOWHERE", SCALE).run(Emitted())


async def test_a_device_server_is_spoken_to_over_tcp() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(b"T 21.5\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(adapter(f"tcp://127.0.0.1:{port}", POLLED)) as emitted:
        await emitted.sample("d", 3)
        assert emitted.values("d") == {"t": 21.5}


async def test_a_device_server_of_rfc2217_is_spoken_to_at_every_speed_that_a_sequence_wants() -> None:
    """Polls and commands; the far port is the one whose speed changes."""
    sequence = [{"send": "?\r\n", "expect": "^V$"}, {"baudrate": 19200}, {"send": "R\r\n"}]
    poll = {"sequence": sequence, "timeout": "20s"}
    device = {**POLLED, "poll": poll, "commands": {"go": {"send": "GO\r\n", "expect": "^GONE$", "timeout": "20s"}}}
    async with ptys() as pair:
        far = Far(pair.theirs)
        far.answers = {b"?": b"V\r\n", b"R": b"T 21.5\r\n", b"GO": b"GONE\r\n"}
        async with DeviceServer(pair.ours).serving() as server:
            made = adapter(f"rfc2217://127.0.0.1:{server.port}", device)
            async with running(made) as emitted:
                await emitted.sample("d", 3)
                command = Command("c", "d", asyncio.get_running_loop().time() + HANG_S, invoke="go")
                assert (await made.execute(command, untold)).status is ResultStatus.DONE
                await emitted.sample("d", 5)
                assert emitted.values("d") == {"t": 21.5}
            speeds = {data: baudrate for baudrate, data in server.line.written}
            assert speeds == {b"?\r\n": 9600, b"R\r\n": 19200, b"GO\r\n": 9600}
        far.close()


async def test_a_meter_that_answers_while_the_speed_changes_is_read() -> None:
    """It does not wait for us: what it says is kept, however it falls."""
    sequence = [{"send": "?\r\n", "expect": "^V$"}, {"send": "R\r\n"}, {"baudrate": 19200}]
    device = {**POLLED, "poll": {"sequence": sequence, "timeout": "20s"}}
    async with at_work(device) as (_, emitted, far, _pair):
        far.answers = {b"?": b"V\r\n", b"R": b"T 21.5\r\n"}
        if not emitted.samples("d"):
            far.say(b"V\r\n")  # the first question may have come too early
        await emitted.sample("d", 20)
        assert emitted.values("d") == {"t": 21.5}


async def test_one_who_hangs_up_after_each_answer_is_not_asked_more_often_for_it() -> None:
    asked = list[bytes]()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        if asked[-1]:
            writer.write(b"T 1.5\r\n")
        writer.close()

    memory: dict[str, dict[str, Any]] = {"d": {}}
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        device = SerialDevice.model_validate({"link": "l", **POLLED, "every": "1h"})
        link = SerialLink.model_validate({"adapter": "serial", "port": port})
        emitted = Emitted()
        with pytest.raises(Unheard):
            await SerialAdapter(link, {"d": device}, memory).run(emitted)
        again = asyncio.create_task(SerialAdapter(link, {"d": device}, memory).run(emitted))
        await asyncio.wait((again,), timeout=0.3)
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)
    assert [each for each in asked if each] == [b"?\r\n"]
    assert len(emitted.samples("d")) == 1
    assert memory == {"d": {}}, "nothing that changes with each answer is kept for the disk"
