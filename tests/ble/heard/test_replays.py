"""Encrypted packets that are sent again by somebody else say nothing, also after a restart of the gateway."""

from typing import Any

from Cryptodome.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.heard.kept import KEEP_S
from tests.ble.heard.setup import ADDRESS, Ear, bthome, ear

KEY = "231d39c1d7cc1ab1aee224cd096db932"
POINTS: dict[str, Any] = {"points": {"temperature": None, "rssi": None, "present": None}, "key": KEY}


def sealed(temperature: float, counter: int) -> bytes:
    """As bthome.io/encryption says."""
    number = counter.to_bytes(4, "little")
    nonce = bytes.fromhex(ADDRESS.replace(":", "")) + b"\xd2\xfc\x41" + number
    cipher = AES.new(bytes.fromhex(KEY), AES.MODE_CCM, nonce=nonce, mac_len=4)
    body, tag = cipher.encrypt_and_digest(bthome(temperature)[1:])
    return b"\x41" + body + number + tag


def restarted(tag: Ear, *, in_order: bool = True) -> Ear:
    """The gateway ends and begins, with what its memory has then."""
    if in_order:
        tag.kept.rest()
    return ear(tag.memory, **POINTS)


def test_what_was_sent_before_says_nothing_and_is_named() -> None:
    tag = ear(**POINTS)
    assert tag.hear(sealed(20.0, 1000))["temperature"] == 20.0
    assert tag.hear(sealed(21.0, 1001))["temperature"] == 21.0
    assert tag.hear(sealed(20.0, 1000), rssi=-90) == {}
    assert tag.states[-1] == ("degraded", "replayed")
    assert tag.counters.replayed == 1


def test_who_sends_a_devices_packets_again_does_not_make_it_present() -> None:
    tag = ear(**POINTS, stale_after="30s")
    tag.hear(sealed(20.0, 1000))
    tag.hear(sealed(21.0, 1001))
    told: dict[str, Any] = {}
    for _ in range(40):
        told |= tag.pass_(1.0) | tag.hear(sealed(20.0, 1000), rssi=-40)
    assert told["present"] is False
    assert "rssi" not in told or told["rssi"] != -40
    assert tag.states[-1] == ("degraded", "replayed")
    assert tag.hear(sealed(22.0, 1002))["present"] is True


def test_a_restart_does_not_open_the_door() -> None:
    tag = ear(**POINTS)
    tag.hear(sealed(20.0, 1000))
    tag.hear(sealed(21.0, 1001))
    again = restarted(tag)
    assert "temperature" not in again.hear(sealed(20.0, 1000))
    assert again.hear(sealed(22.0, 1002))["temperature"] == 22.0


def test_after_a_crash_only_what_is_no_older_than_the_memory_may_pass() -> None:
    tag = ear(**POINTS)
    counter = 1000
    for _ in range(int(KEEP_S) // 10 + 5):
        counter += 1
        tag.hear(sealed(20.0, counter))
        tag.pass_(10.0)
    again = restarted(tag, in_order=False)
    assert "temperature" not in again.hear(sealed(30.0, counter - 6))
    assert again.hear(sealed(31.0, counter + 1))["temperature"] == 31.0


@given(st.lists(st.tuples(st.integers(100, 130), st.booleans()), max_size=30))
def test_a_packet_is_believed_if_its_number_is_above_all_before_and_not_if_it_is_below(
    packets: list[tuple[int, bool]],
) -> None:
    tag, newest = ear(**POINTS), 0
    for counter, is_restart in packets:
        tag = restarted(tag) if is_restart else tag
        tag.now_s += 20.0
        told = "temperature" in tag.hear(sealed(counter / 10, counter))
        assert told == (counter > newest) or counter == newest
        newest = max(counter, newest)
