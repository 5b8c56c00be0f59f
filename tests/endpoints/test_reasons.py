"""What a broker's codes come to in words, and how they are read from its packets."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.mqtt import packets
from gateway.endpoints.mqtt.client import MALFORMED
from gateway.endpoints.mqtt.reasons import (
    ABOUT_MESSAGE,
    FAILURE,
    REASONS,
    SHOWN_CHARACTERS,
    Said,
    why_ended,
    why_not_taken,
    why_refused,
)

TEXT_PROPERTY = b"\x1f\x00\x04full"
"""Reason String (MQTT 5, 2.2.2.2)."""


@pytest.mark.parametrize(
    ("code", "v5", "hint"),
    [(0x84, True, "3.1.1"), (0x84, False, "protocol: 5"), (0x86, True, "password"), (0x85, True, "client_id")],
)
def test_a_refused_login_comes_with_what_to_do(code: int, v5: bool, hint: str) -> None:
    assert hint in why_refused(Said(code), v5=v5)


def test_every_failure_of_the_specification_has_a_name_and_a_hint() -> None:
    assert set(REASONS) == set(range(0x80, 0xA3))
    assert all(name and hint for name, hint in REASONS.values())


def test_a_code_nobody_knows_is_told_as_it_is() -> None:
    assert why_refused(Said(0xF7), v5=True) == "the broker refuses us: reason code 0xf7"


def test_what_the_broker_says_itself_is_quoted_and_bounded() -> None:
    assert '0x97 Quota exceeded: "full"' in why_not_taken(Said(0x97, "full"))
    shown = why_not_taken(Said(0x97, "a\nb\x1b[31m" + "x" * 60_000))
    assert shown.isprintable()
    assert len(shown) < SHOWN_CHARACTERS + 200


def test_another_server_is_named() -> None:
    assert "names other.example:8883: put that into url" in why_refused(Said(0x9C, None, "other.example:8883"), v5=True)
    assert "names other.example:8883" in why_ended(Said(0x9D, None, "other.example:8883"), "me")


def test_who_took_over_is_told_by_our_name() -> None:
    assert "another client with the client_id mill-3 has connected" in why_ended(Said(0x8E), "mill-3")


def test_an_access_list_is_not_taken_for_a_wrong_password_once_we_are_in() -> None:
    assert "password" not in why_not_taken(Said(0x87))
    assert "password" not in why_ended(Said(0x87), "me")
    assert "password" in why_refused(Said(0x87), v5=True)


def test_a_polite_end_is_no_failure() -> None:
    assert why_ended(Said(0), "me") == "the broker has ended the connection"


def test_only_failures_are_about_messages() -> None:
    assert all(code >= FAILURE for code in ABOUT_MESSAGE)


@pytest.mark.parametrize(("returned", "reason"), [(1, 0x84), (2, 0x85), (3, 0x88), (4, 0x86), (5, 0x87)])
@pytest.mark.parametrize("v5", [True, False])
def test_return_codes_of_mqtt_3_are_understood_whatever_we_speak(returned: int, reason: int, v5: bool) -> None:
    assert packets.connack(bytes((0, returned)), v5=v5)[0].code == reason


@pytest.mark.parametrize("code", [0, 0x10, 0x80, 0x95, 0x97, 0xF7])
def test_codes_that_do_not_belong_to_a_packet_are_told_all_the_same(code: int) -> None:
    assert packets.puback(bytes((1, 2, code))) == (0x102, Said(code))
    assert packets.puback(bytes((1, 2, code, 7)) + TEXT_PROPERTY) == (0x102, Said(code, "full"))
    assert packets.disconnect(bytes((code, 7)) + TEXT_PROPERTY) == Said(code, "full")
    assert packets.suback(bytes((0, 9, 7)) + TEXT_PROPERTY + bytes((code, 1)), v5=True) == (
        9,
        [Said(code, "full"), Said(1, "full")],
    )
    assert packets.suback(bytes((0, 9, code)), v5=False) == (9, [Said(code)])


def test_what_a_server_allows_is_read_from_its_welcome() -> None:
    body = b"\x24\x00" + b"\x25\x00" + b"\x28\x00" + b"\x22\x00\x0a" + b"\x21\x00\x14" + b"\x11\x00\x00\x00\x3c"
    said, allowed = packets.connack(b"\x01\x00" + bytes((len(body),)) + body, v5=True)
    assert said.code == 0
    assert (allowed.qos1, allowed.retain, allowed.wildcards, allowed.session_present) == (False, False, False, True)
    assert (allowed.aliases, allowed.in_flight, allowed.session_expiry_s) == (10, 20, 60)


def test_a_server_may_name_a_packet_size_that_no_packet_can_have() -> None:
    said, allowed = packets.connack(b"\0\0\x05\x27\xff\xff\xff\xff", v5=True)
    assert (said.code, allowed.packet_bytes) == (0, packets.NO_LIMIT_BYTES)


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_are_an_answer_or_a_broken_packet(body: bytes, v5: bool) -> None:
    for read in (
        lambda: packets.connack(body, v5=v5),
        lambda: packets.puback(body),
        lambda: packets.suback(body, v5=v5),
        lambda: packets.disconnect(body),
    ):
        with suppress(*MALFORMED):
            read()
