"""Our short ways for PUBLISH and PUBACK against paho's own, byte by byte."""

from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import _ConnectionState as State  # type: ignore[attr-defined]  # as in client.py
from paho.mqtt.enums import CallbackAPIVersion

from gateway.endpoints.mqtt.client import Client

VERSIONS = pytest.mark.parametrize("protocol", [paho.MQTTv311, paho.MQTTv5])


class Socket:
    """What both write to, and read from."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.inbox = bytearray()

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def recv(self, size: int) -> bytes:
        if not self.inbox:
            raise BlockingIOError
        data = bytes(self.inbox[:size])
        del self.inbox[:size]
        return data

    def pending(self) -> int:
        return len(self.inbox)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        pass


def client(protocol: Any) -> tuple[Client, Socket, list[int]]:
    made = Client(CallbackAPIVersion.VERSION2, client_id="c", protocol=protocol, manual_ack=True)
    made.max_inflight_messages_set(0)
    socket: Any = Socket()
    told: list[int] = []
    made.wire = made._sock = socket
    made.on_success = told.append
    made._state = State.MQTT_CS_CONNECTED
    return made, socket, told


@VERSIONS
@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 70_000])
def test_a_publish_is_what_paho_would_send(protocol: int, retain: bool, size: int) -> None:
    ours, our_socket, _ = client(protocol)
    theirs, their_socket, _ = client(protocol)
    packet_id = ours.send("root/gw/Kessel-ü/reading", bytes(size), retain=retain)
    assert theirs.publish("root/gw/Kessel-ü/reading", bytes(size), 1, retain).mid == packet_id
    assert our_socket.sent == their_socket.sent
    assert (len(ours._out_messages), ours._inflight_messages) == (1, 1)


def test_a_packet_id_that_is_in_flight_is_passed_over() -> None:
    ours, _, _ = client(paho.MQTTv5)
    assert [ours.send("t", b"", retain=False) for _ in range(3)] == [1, 2, 3]
    ours._last_mid = 65_534
    assert [ours.send("t", b"", retain=False) for _ in range(2)] == [65_535, 4]


@VERSIONS
@given(
    kinds=st.lists(st.sampled_from(["plain", "ping", "reasoned"]), max_size=12),
    cuts=st.lists(st.integers(0, 60), max_size=6),
)
def test_however_acknowledgements_come_each_is_told_once_and_in_order(
    protocol: int, kinds: list[str], cuts: list[int]
) -> None:
    ours, socket, told = client(protocol)
    sent = [ours.send("t", b"1", retain=False) for kind in kinds if kind != "ping"]
    stream, ids = b"", iter(sent)
    for kind in kinds:
        if kind == "ping":
            stream += b"\xd0\x00"
        elif kind == "reasoned" and protocol == paho.MQTTv5:
            stream += b"\x40\x04" + next(ids).to_bytes(2, "big") + b"\x10\x00"
        else:
            stream += b"\x40\x02" + next(ids).to_bytes(2, "big")
    at = 0
    for end in sorted({*(cut for cut in cuts if cut < len(stream)), len(stream)}):
        socket.inbox += stream[at:end]
        at = end
        ours.take_pubacks()
        while socket.pending() and ours.loop_read() == paho.MQTT_ERR_SUCCESS:
            ours.take_pubacks()
    assert told == sent
    assert (len(ours._out_messages), ours._inflight_messages) == (0, 0)


def test_what_was_acknowledged_before_is_told_no_more() -> None:
    ours, socket, told = client(paho.MQTTv5)
    packet_id = ours.send("t", b"", retain=False)
    socket.inbox += 2 * (b"\x40\x02" + packet_id.to_bytes(2, "big")) + b"\x40\x02\xff\xff"
    ours.take_pubacks()
    assert told == [packet_id]
    assert not socket.inbox
