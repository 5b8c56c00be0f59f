"""Direct methods are commands, and results are answers."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.commands.decode import decode, id_of
from gateway.endpoints.azure_iot_hub import methods
from gateway.endpoints.azure_iot_hub.methods import MAX_ANSWER_BYTES, NoCommand, answer_of, command_of, status_of
from gateway.model import Bad, BadReason, Result, ResultStatus


@pytest.mark.parametrize(
    ("method", "body", "asked"),
    [
        ("write", b'{"device":"boiler","write":{"t":5}}', {"device": "boiler", "write": {"t": 5}}),
        ("read", b'{"id":"c-1","read":["t"]}', {"id": "c-1", "read": ["t"]}),
        ("invoke", b'{"device":"scale","invoke":"tare"}', {"device": "scale", "invoke": "tare"}),
        ("ping", b"", {"invoke": "ping"}),
        ("ping", b"null", {"invoke": "ping"}),
        ("reload", b"{}", {"invoke": "reload"}),
        ("tare", b'{"device":"scale","args":{"n":1}}', {"device": "scale", "args": {"n": 1}, "invoke": "tare"}),
    ],
)
def test_a_method_is_a_command_that_the_router_reads(method: str, body: bytes, asked: dict[str, object]) -> None:
    command = command_of(method, body, "own")
    assert json.loads(command) == {"id": "own", **asked}
    decode(command)


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"7", b"{", b"\xff", b'{"read":["t"]}', b"[" * 100_000])
def test_what_is_no_such_command_is_said_in_a_sentence(body: bytes) -> None:
    with pytest.raises(NoCommand):
        command_of("write", body, "own")


@given(
    st.text(max_size=10),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "write", "read", "args"]) | st.text(max_size=3), inner, max_size=4)
        ),
        max_leaves=8,
    ),
)
def test_whatever_json_is_called_with_becomes_a_body_of_which_the_router_can_tell_the_id(
    method: str, body: object
) -> None:
    with suppress(NoCommand):
        command = command_of(method, json.dumps(body).encode(), "own")
        said = json.loads(command)
        assert said["id"] == (body["id"] if isinstance(body, dict) and "id" in body else "own")
        assert method in methods.VERBS or said["invoke"] == method
        if isinstance(said["id"], str) and said["id"]:
            assert id_of(command) == said["id"]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Result(ResultStatus.DONE), 200),
        (Result(ResultStatus.REJECTED, reason="malformed"), 400),
        (Result(ResultStatus.REJECTED, reason="not-writable"), 403),
        (Result(ResultStatus.REJECTED, reason="unknown-device"), 404),
        (Result(ResultStatus.REJECTED, reason="queue-full"), 429),
        (Result(ResultStatus.REJECTED, reason="storage"), 503),
        (Result(ResultStatus.REJECTED, reason="what an adapter says"), 409),
        (Result(ResultStatus.REJECTED), 409),
        (Result(ResultStatus.EXPIRED), 408),
        (Result(ResultStatus.FAILED), 500),
        (Result(ResultStatus.UNKNOWN), 500),
        (Result(ResultStatus.UNREACHABLE), 504),
    ],
)
def test_statuses_are_what_http_would_say(result: Result, status: int) -> None:
    assert status_of(result) == status


def test_every_end_of_a_command_has_a_status() -> None:
    assert all(100 <= status_of(Result(each)) < 600 for each in ResultStatus)


def test_an_answer_holds_what_the_result_tells() -> None:
    result = Result(ResultStatus.DONE, values={"t": 5.0}, bad={"p": Bad(BadReason.TIMEOUT)})
    assert json.loads(answer_of("c-1", result)) == {
        "command": "c-1",
        "status": "done",
        "values": {"t": 5.0},
        "bad": {"p": {"reason": "timeout"}},
    }
    assert json.loads(answer_of(None, Result(ResultStatus.REJECTED, reason="malformed"))) == {
        "status": "rejected",
        "reason": "malformed",
    }


def test_an_answer_at_the_limit_goes_whole_and_a_larger_one_says_where_it_is() -> None:
    room = MAX_ANSWER_BYTES - len(answer_of("c-1", Result(ResultStatus.DONE, values={"t": ""})))
    whole = answer_of("c-1", Result(ResultStatus.DONE, values={"t": "x" * room}))
    assert len(whole) == MAX_ANSWER_BYTES
    short = json.loads(answer_of("c-1", Result(ResultStatus.DONE, values={"t": "x" * (room + 1)})))
    assert (short["command"], short["status"], "follows" in short["detail"]) == ("c-1", "done", True)


def test_whoever_is_told_to_wait_learns_the_id_to_look_for() -> None:
    assert json.loads(methods.later("c-1"))["command"] == "c-1"
