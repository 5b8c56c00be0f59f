import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapter import PermanentError
from gateway.endpoints.azure_iot_hub.dps.answers import Answer, Assigned, Assigning, answer, outcome
from gateway.endpoints.contract import EndpointError
from tests.support.examples import examples


def told(status: int, body: Any = None, retry: str = "") -> Answer:
    found = answer(f"$dps/registrations/res/{status}/?$rid=7{retry}", json.dumps(body).encode() if body else b"")
    assert found is not None
    return found


def test_an_answer_tells_whom_it_is_for_and_when_to_ask_again() -> None:
    assert told(202, {"a": 1}, "&retry-after=3") == Answer(202, "7", 3.0, {"a": 1})
    assert told(202).retry_after_s is None
    assert told(202, None, "&retry-after=99999999999999999999").retry_after_s == 300.0
    assert told(202, None, "&retry-after=soon").retry_after_s is None


def test_another_topic_is_no_answer() -> None:
    assert answer("$dps/registrations/res/abc/?$rid=1", b"") is None
    assert answer("devices/box/messages", b"") is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_service_is_for_later(status: int) -> None:
    assert told(status).is_later
    assert not told(404).is_later


def test_the_ways_a_registration_goes_on() -> None:
    state = {"status": "assigned", "assignedHub": "h", "deviceId": "d"}
    assert outcome(told(202, {"status": "assigning", "operationId": "4.x"}), "") == Assigning("4.x")
    assert outcome(told(202, {"status": "assigning"}), "4.x") == Assigning("4.x")
    assert outcome(told(200, {"status": "assigned", "registrationState": state}), "4.x") == Assigned("h", "d")


@pytest.mark.parametrize(
    ("status", "body", "kind", "why"),
    [
        (401, {"errorCode": 401002, "message": "Unauthorized"}, PermanentError, r"Unauthorized \(401002\)"),
        (404, None, PermanentError, "error 404"),
        (200, {"registrationState": {"status": "disabled"}}, PermanentError, "disabled"),
        (
            200,
            {"registrationState": {"status": "failed", "errorCode": 400207, "errorMessage": "no"}},
            EndpointError,
            r"no \(400207\)",
        ),
        (200, {"registrationState": {"status": "assigned", "assignedHub": "h"}}, EndpointError, "no hub and device"),
        (
            200,
            {"registrationState": {"status": "assigned", "assignedHub": "h", "deviceId": "mill#3"}},
            PermanentError,
            r"assigns 'mill#3' at 'h': a device id with # in it can't go over MQTT",
        ),
        (
            200,
            {"registrationState": {"status": "assigned", "assignedHub": "https://h", "deviceId": "d"}},
            PermanentError,
            "named by its full host name alone",
        ),
        (202, {"status": "assigning"}, EndpointError, "no operation"),
        (200, {"status": "unassigned"}, EndpointError, "'unassigned'"),
        (200, None, EndpointError, "None"),
    ],
)
def test_a_registration_that_fails_says_why(status: int, body: Any, kind: type[Exception], why: str) -> None:
    with pytest.raises(kind, match=why):
        outcome(told(status, body), "")


@settings(max_examples=examples(30))
@given(st.text(), st.binary())
def test_whatever_comes_is_an_answer_or_none(topic: str, payload: bytes) -> None:
    found = answer(f"$dps/registrations/res/200/?{topic}", payload)
    assert found is None or isinstance(found.body, dict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=5
)


@settings(max_examples=examples(50))
@given(
    st.integers(200, 428),
    st.dictionaries(st.sampled_from(["status", "registrationState", "operationId", "errorCode", "message"]), JSON),
)
def test_whatever_an_answer_holds_comes_to_an_end_in_words(status: int, body: dict[str, Any]) -> None:
    with suppress(EndpointError, PermanentError):
        assert isinstance(outcome(Answer(status, "1", None, body), ""), Assigned | Assigning)
