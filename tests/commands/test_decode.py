"""Bytes become a request, or a sentence about why not."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.commands.decode import MAX_BYTES, MAX_DEPTH, MAX_POINTS, Malformed, Request, decode, expiry_ms

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)
commands = st.fixed_dictionaries(
    {"id": st.one_of(st.text(max_size=200), json_values)},
    optional={
        "write": st.one_of(st.dictionaries(st.text(), json_values, max_size=3), json_values),
        "read": st.one_of(st.lists(st.text(), max_size=3), json_values),
        "invoke": json_values,
        "args": json_values,
        "expires": st.one_of(st.datetimes().map(lambda at: at.isoformat()), json_values),
        "device": json_values,
        "more": json_values,
    },
)


@given(st.one_of(st.binary(), commands.map(lambda body: json.dumps(body).encode(errors="replace"))))
@example(b"[" * 60_000)
@example(b'{"id":"c","write":{"a":' + b"[" * 60_000)
@example(b'{"id":"\\ud800","read":["a"]}')
@example(b'{"id":"c","read":["a"],"expires":"0001-01-01T00:00:00+23:59"}')
@example(b'{"id":"c","read":["a"],"expires":"9999-12-31T23:59:59-23:59"}')
@example(b'{"id":"c","write":{"a":1e999}}')
@example(b'{"id":"c","write":{"a":' + b"9" * 5000 + b"}}")
@example(b"\xff\xfe")
def test_any_bytes_are_a_request_or_malformed(payload: bytes) -> None:
    request = understood(payload)
    if isinstance(request, Malformed):
        assert str(request)
        assert request.command is None or 0 < len(request.command) <= 128
    else:
        assert sum(part is not None for part in (request.write, request.read, request.invoke)) == 1
        assert 0 < len(request.id) <= 128
        expiry_ms(request)


def understood(payload: bytes) -> Request | Malformed:
    try:
        return decode(payload)
    except Malformed as error:
        return error


def test_the_examples_of_the_interface_are_understood() -> None:
    write = decode(b'{"id":"c-1001","write":{"setpoint":55.0},"expires":"2026-11-23T09:02:00Z"}')
    assert (write.id, write.write, expiry_ms(write)) == ("c-1001", {"setpoint": 55.0}, 1795424520000)
    assert decode(b'{"id":"c-1002","read":["flow_temp"]}').read == ["flow_temp"]
    invoke = decode(b'{"id":"c-1003","invoke":"tare","args":{}}')
    assert (invoke.invoke, invoke.args) == ("tare", {})
    assert expiry_ms(invoke) is None


def test_an_expiry_in_another_zone_is_the_same_moment() -> None:
    assert expiry_ms(decode(b'{"id":"c","read":["a"],"expires":"2026-11-23T10:02:00+01:00"}')) == 1795424520000


def test_values_keep_their_types() -> None:
    request = decode(b'{"id":"c","write":{"a":1,"b":1.0,"c":true,"d":"1"}}')
    assert request.write is not None
    assert [type(value) for value in request.write.values()] == [int, float, bool, str]


@pytest.mark.parametrize(
    ("payload", "command"),
    [
        (b"", None),
        (b"write setpoint 55", None),
        (b"null", None),
        (b'{"write":{"a":1}}', None),
        (b'{"id":"","write":{"a":1}}', None),
        (b'{"id":7,"write":{"a":1}}', None),
        (b'{"id":"c"}', "c"),
        (b'{"id":"c","write":{"a":1},"read":["a"]}', "c"),
        (b'{"id":"c","write":{}}', "c"),
        (b'{"id":"c","read":[]}', "c"),
        (b'{"id":"c","write":{"a":null}}', "c"),
        (b'{"id":"c","write":{"a":[1]}}', "c"),
        (b'{"id":"c","write":{"a":1},"expires":"tomorrow"}', "c"),
        (b'{"id":"c","write":{"a":1},"expires":"2026-11-23T09:02:00"}', "c"),
        (b'{"id":"c","write":{"a":1},"expired":"2026-11-23T09:02:00Z"}', "c"),
        (b'{"id":"c","write":{"a":1e999}}', "c"),
    ],
)
def test_what_is_malformed_names_its_id_where_it_can_be_read(payload: bytes, command: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        decode(payload)
    assert caught.value.command == command


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
def test_a_command_has_a_largest_size(size: int) -> None:
    payload = json.dumps({"id": "c", "read": ["a"]}).encode().ljust(size)
    if size <= MAX_BYTES:
        assert isinstance(decode(payload), Request)
    else:
        with pytest.raises(Malformed, match="too many"):
            decode(payload)


@pytest.mark.parametrize("count", [MAX_POINTS, MAX_POINTS + 1])
def test_a_command_names_so_many_points_at_most(count: int) -> None:
    for body in ({"read": ["a"] * count}, {"write": {str(number): 1 for number in range(count)}}):
        payload = json.dumps({"id": "c", **body}).encode()
        if count <= MAX_POINTS:
            decode(payload)
        else:
            with pytest.raises(Malformed):
                decode(payload)


@pytest.mark.parametrize("length", [128, 129])
def test_an_id_has_a_longest_length(length: int) -> None:
    payload = json.dumps({"id": "x" * length, "read": ["a"]}).encode()
    if length <= 128:
        decode(payload)
    else:
        with pytest.raises(Malformed):
            decode(payload)


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
def test_args_that_could_not_be_written_down_again_are_refused(opening: bytes, closing: bytes) -> None:
    def nested(levels: int) -> bytes:
        inner = opening * (levels - 1) + b"1" + closing * (levels - 1)
        return b'{"id":"c","invoke":"tare","args":{"x":' + inner + b"}}"

    assert not isinstance(understood(nested(MAX_DEPTH)), Malformed)
    refusal = understood(nested(MAX_DEPTH + 1))
    assert isinstance(refusal, Malformed)
    assert refusal.command == "c"
