"""Every transport against a server that nobody here wrote."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer, ModbusUdpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from adapters.modbus import ModbusAdapter
from adapters.modbus.config import ModbusLink
from adapters.modbus.wire.framing import Rtu
from gateway.adapter import AdapterError, Reconnect, TlsConfig, to_nobody
from gateway.model import Command, DeviceState, ResultStatus
from tests.modbus.faulty import REQUEST, Query, words
from tests.modbus.house import housed
from tests.modbus.setup import device, registers
from tests.support.emitted import Emitted, running, untold
from tests.support.ports import free_port
from tests.support.ptys import Ptys, ptys

TLS = Path(__file__).parents[1] / "tls"
POINTS: Mapping[str, Mapping[str, Any]] = {
    "plain": {"address": 10, "writable": True, "verify": True},
    "far": {"address": 400},
    "on": {"address": 3, "table": "coil", "type": "bool", "writable": True},
}
TRANSPORTS = ["tcp", "tls", "udp", "rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp"]


def memory() -> list[SimDevice]:
    bits = SimData(0, count=512, values=False, datatype=DataType.BITS)
    words = SimData(0, count=512, values=77, datatype=DataType.REGISTERS)
    return [SimDevice(1, ([bits], [bits], [words], [words]))]


def server_of(transport: str, port: int, path: str, *, asks_for_certificate: bool = False) -> Any:
    address = ("127.0.0.1", port)
    if transport in {"rtu", "ascii"}:
        return ModbusSerialServer(memory(), framer=FramerType(transport), port=path, baudrate=115200)
    if transport == "udp":
        return ModbusUdpServer(memory(), address=address)
    if transport == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "device.pem", TLS / "device.key")
        if asks_for_certificate:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(TLS / "device.pem")
        return ModbusTlsServer(memory(), address=address, sslctx=context)
    return ModbusTcpServer(
        memory(), framer=FramerType(transport.partition("-")[0].replace("tcp", "socket")), address=address
    )


@asynccontextmanager
async def served(transport: str, port: int, path: str, *, asks_for_certificate: bool = False) -> AsyncIterator[None]:
    server = server_of(transport, port, path, asks_for_certificate=asks_for_certificate)
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()


def link_of(transport: str, port: int, path: str) -> ModbusLink:
    given: dict[str, Any] = {"adapter": "modbus", "transport": transport}
    if transport in {"rtu", "ascii"}:
        given |= {"port": path, "baudrate": 115200, "parity": "none"}
    else:
        given |= {"host": "127.0.0.1", "port": port}
    if transport == "tls":
        given["tls"] = {"ca": str(TLS / "device.pem")}
    return ModbusLink.model_validate(given)


def adapter_on(link: ModbusLink) -> ModbusAdapter:
    return ModbusAdapter(link, {"d": device(POINTS, timeout="1s")}, {"d": {}})


@pytest.fixture
async def pair() -> AsyncIterator[Ptys]:
    async with ptys() as made:
        yield made


async def execute(adapter: ModbusAdapter, **what: Any) -> Any:
    deadline_s = asyncio.get_running_loop().time() + 5
    return await adapter.execute(Command("c", "d", deadline_s=deadline_s, **what), untold)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_device_is_read_and_written(transport: str, pair: Ptys) -> None:
    port = free_port()
    async with served(transport, port, pair.theirs):
        adapter = adapter_on(link_of(transport, port, pair.ours))
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            assert emitted.values("d") == {"plain": 77, "far": 77, "on": False}
            result = await execute(adapter, write={"plain": 5, "on": True})
            assert (result.status, result.values) == (ResultStatus.DONE, {"plain": 5, "on": True})
            await emitted.until(lambda: emitted.values("d") == {"plain": 5, "far": 77, "on": True})
            counters = adapter.counters()
            assert {name: counters[name] for name in ("timeouts", "late", "garbage")} == dict.fromkeys(
                ("timeouts", "late", "garbage"), 0
            )


@pytest.mark.parametrize("transport", ["rtu", "ascii"])
async def test_a_port_that_is_unplugged_ends_the_link_with_a_word(transport: str, pair: Ptys) -> None:
    async with served(transport, 0, pair.theirs):
        adapter = adapter_on(link_of(transport, 0, pair.ours))
        emitted = Emitted()
        running_on = asyncio.create_task(adapter.run(emitted))
        await emitted.state("d", DeviceState.ONLINE)
    pair.unplug()
    with pytest.raises(AdapterError, match=pair.ours):
        async with asyncio.timeout(5):
            await running_on
    with pytest.raises(AdapterError, match="is the adapter plugged in"):
        await adapter_on(link_of(transport, 0, pair.ours)).run(Emitted())


async def test_a_port_has_one_owner(pair: Ptys) -> None:
    async with served("rtu", 0, pair.theirs):
        adapter = adapter_on(link_of("rtu", 0, pair.ours))
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            with pytest.raises(AdapterError, match="another program holds"):
                await adapter_on(link_of("rtu", 0, pair.ours)).run(Emitted())


async def test_what_is_no_serial_port_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AdapterError, match="no serial port"):
        await adapter_on(link_of("rtu", 0, str(tmp_path / "file"))).run(Emitted())


async def test_a_device_whose_certificate_nobody_vouches_for_is_not_spoken_to() -> None:
    port = free_port()
    async with served("tls", port, ""):
        link = link_of("tls", port, "").model_copy(update={"tls": type(link_of("tls", port, "").tls)()})
        with pytest.raises(AdapterError, match=r"certificate.*not trusted.*tls\.ca"):
            await adapter_on(link).run(Emitted())


async def test_a_name_that_does_not_stand_in_the_certificate_is_told() -> None:
    port = free_port()
    async with served("tls", port, ""):
        link = link_of("tls", port, "").model_copy(update={"host": "localhost"})
        with pytest.raises(AdapterError, match=r"Hostname mismatch.*as `host` write what stands in it"):
            await adapter_on(link).run(Emitted())


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", None], ids=["hangs up", "speaks", "is silent"]
)
async def test_who_does_not_speak_tls_is_told(said: bytes | None) -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said is None:
            await over.wait()
        else:
            writer.write(said)
        writer.close()

    over = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    link = link_of("tls", server.sockets[0].getsockname()[1], "").model_copy(update={"connect_timeout": 0.2})
    with pytest.raises(AdapterError, match="not speak TLS"):
        await adapter_on(link).run(Emitted())
    over.set()
    server.close()
    await server.wait_closed()


async def test_a_file_that_holds_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    link = link_of("tls", free_port(), "")
    link = link.model_copy(update={"tls": TlsConfig.model_validate({"ca": tmp_path / "ca.pem"})})
    with pytest.raises(AdapterError, match=r"can't be used: .*ca\.pem"):
        await adapter_on(link).run(Emitted())


@pytest.mark.parametrize("transport", ["tcp", "rtu-over-tcp"])
async def test_who_hangs_up_at_the_first_question_is_told_what_that_may_mean(transport: str) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(AdapterError, match="closed the connection without an answer: another client"):
        await adapter_on(link_of(transport, port, "")).run(Emitted())
    server.close()
    await server.wait_closed()


async def test_a_device_that_asks_for_our_certificate_gets_it() -> None:
    port = free_port()
    files = {"ca": TLS / "device.pem", "cert": TLS / "device.pem", "key": TLS / "device.key"}
    ours = link_of("tls", port, "").model_copy(update={"tls": TlsConfig.model_validate(files)})
    async with served("tls", port, "", asks_for_certificate=True), running(adapter_on(ours)) as emitted:
        await emitted.state("d", DeviceState.ONLINE)


async def test_a_device_that_asks_for_a_certificate_we_have_not_is_told() -> None:
    port = free_port()
    async with served("tls", port, "", asks_for_certificate=True):
        with pytest.raises(AdapterError, match=r"certificate|closed the connection"):
            async with asyncio.timeout(10):
                await adapter_on(link_of("tls", port, "")).run(Emitted())


class Datagrams(asyncio.DatagramProtocol):
    """Loses every other request, and has a stranger send replies to it; then answers all the rest twice."""

    def __init__(self, stranger: asyncio.DatagramTransport) -> None:
        self._stranger = stranger
        self._transport: Any = None
        self.asked = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        tid, _, _, unit, function, at, size = REQUEST.unpack(data)
        self.asked += 1
        reply = Query(tid, unit, function, at, size).good()
        self._stranger.sendto(reply[:-1] + b"\xee", address)
        if self.asked % 2:
            self._transport.sendto(reply, address)
            self._transport.sendto(reply, address)


async def test_over_udp_a_lost_datagram_is_a_lost_reply_and_a_strangers_is_none() -> None:
    loop = asyncio.get_running_loop()
    stranger, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
    server, peer = await loop.create_datagram_endpoint(lambda: Datagrams(stranger), local_addr=("127.0.0.1", 0))
    port = server.get_extra_info("sockname")[1]
    adapter = ModbusAdapter(link_of("udp", port, ""), {"d": registers(7, timeout="100ms")}, {"d": {}})
    async with running(adapter) as emitted:
        await emitted.until(lambda: peer.asked >= 20)
        values = {value for sample in emitted.samples("d") for value in sample.values}
        assert values == {7, None}
        assert DeviceState.OFFLINE not in emitted.states("d")
        assert adapter.counters()["late"] >= 5
    server.close()
    stranger.close()


class Bridge:
    """RTU through TCP: byte by byte, and each connection begins with what was meant for the last."""

    def __init__(self) -> None:
        self.connections = 0
        self.left = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        served = 0
        try:
            writer.write(self.left)
            while served < 6:
                request = await reader.readexactly(8)
                _, function, at, count = struct.unpack_from(">BBHH", request)
                reply = Rtu().frame(bytes([1, function, 2 * count]) + words(at, count))
                served += 1
                self.left = Rtu().frame(bytes([1, function, 2 * count]) + b"\xbe\xef" * count)
                for byte in reply:
                    writer.write(bytes([byte]))
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def test_a_bridge_that_closes_and_hands_on_old_bytes_yields_no_wrong_value() -> None:
    bridge = Bridge()
    server = await asyncio.start_server(bridge.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = link_of("rtu-over-tcp", port, "").model_copy(update={"reconnect": Reconnect.model_validate({"min": "20ms"})})
    async with housed(link, {"d": registers(7, 200, timeout="300ms")}) as house:
        await house.until(lambda: bridge.connections >= 4)
        values = {value for sample in house.samples for value in sample.values}
    assert values - {None} == {7, 200}
    server.close()
    await server.wait_closed()


class Confused:
    """A bridge that hands what the client before has asked first to the next one, too: the number of its connection."""

    def __init__(self) -> None:
        self.connections = 0
        self._answer = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = await reader.readexactly(12)
            writer.write(self._answer)
            self._answer = head[:4] + b"\0\5" + head[6:8] + b"\2" + self.connections.to_bytes(2, "big")
            writer.write(self._answer)
            await reader.readexactly(12)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def test_what_another_connection_asked_is_no_answer_on_this_one() -> None:
    bridge = Confused()
    server = await asyncio.start_server(bridge.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = link_of("tcp", port, "").model_copy(update={"reconnect": Reconnect.model_validate({"min": "20ms"})})
    async with housed(link, {"d": registers(7, timeout="300ms")}) as house:
        await house.until(lambda: bridge.connections >= 4)
        read = [value for sample in house.samples for value in sample.values if value is not None]
    assert len(read) > 1
    assert read == sorted(set(read))
    server.close()
    await server.wait_closed()


async def test_nobody_at_a_udp_port_is_told() -> None:
    with pytest.raises(AdapterError, match="refused"):
        async with asyncio.timeout(5):
            await adapter_on(link_of("udp", free_port(), "")).run(Emitted())


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_it_is_scanned_and_read_raw_over_every_transport(transport: str, pair: Ptys) -> None:
    port = free_port()
    link = link_of(transport, port, pair.ours)
    async with served(transport, port, pair.theirs):
        found = await ModbusAdapter.survey(link, {}, {"units": "1", "timeout": "1s"}, to_nobody)
        adapter = adapter_on(link)
        async with running(adapter) as emitted:
            await emitted.state("d", DeviceState.ONLINE)
            deadline_s = asyncio.get_running_loop().time() + 5
            result = await adapter.peek(Command("c", "d", deadline_s, peek="10/2"))
    assert found == [{"unit_id": 1, "answer": "registers"}]
    assert result.found[0]["words"] == [77, 77]
