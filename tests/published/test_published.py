"""What is published of messages is one thing in several forms, and says what is sent."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator, Draft202012Validator
from msgspec import structs

from gateway import cli
from gateway.commands.decode import Malformed, Request, decode
from gateway.endpoints.payload import Encoder, last_will
from gateway.lanes import RETAINED_KINDS
from gateway.model import Result, ResultStatus
from gateway.published import DOCUMENTS, text_of
from gateway.published.schemas import ABOUT_COMMAND, ONLY_AT_THE_BOX, cloudevents, command, envelope
from tests.payload.test_events import Device, Write, anything, events, plain
from tests.payload.test_payload import HEAD, TIME, WRONG
from tests.published.described import DOCS, assert_described, channel_of, described, validator
from tests.support.examples import examples
from tests.support.schema import assert_event

RESULT = Result(ResultStatus.DONE)
OPTIONS = {
    "--envelope": "envelope.schema.json",
    "--cloudevents": "cloudevents.schema.json",
    "--command": "command.schema.json",
    "--asyncapi": "asyncapi.json",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_in_docs_is_what_is_shipped(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text_of(name), "run python -m tests.published.described"


@pytest.mark.parametrize("option", OPTIONS)
def test_each_can_be_printed(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.dispatch(["schema", option]) == 0
    assert capsys.readouterr().out == text_of(OPTIONS[option])


@pytest.mark.parametrize("arguments", [["--envelope", "--asyncapi"], ["--command", "--write"]])
def test_they_are_printed_one_at_a_time_and_not_written(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.dispatch(["schema", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "redirect" in said.err


def test_every_schema_is_one() -> None:
    for schema in (envelope(), cloudevents(), command()):
        Draft202012Validator.check_schema(schema)
    for schema in described()["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for each in value.values() for found in references(each)]
    return [found for each in value for found in references(each)] if isinstance(value, list) else []


def test_every_reference_of_the_description_leads_somewhere_inside() -> None:
    assert len(references(described())) > 50
    for reference in references(described()):
        found: Any = described()
        assert reference.startswith("#/")
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_nothing_is_left_in_the_description_that_draft_7_would_pass_over() -> None:
    text = json.dumps(described()["components"]["schemas"])
    assert not re.search(r'"(\$defs|unevaluatedProperties|dependentRequired|dependentSchemas|prefixItems)":', text)
    for schema in described()["components"]["schemas"].values():
        assert not beside_references(schema)


def beside_references(value: Any) -> list[Any]:
    if isinstance(value, dict):
        own = [value] if "$ref" in value and len(value) > 1 else []
        return own + [found for each in value.values() for found in beside_references(each)]
    return [found for each in value for found in beside_references(each)] if isinstance(value, list) else []


def test_every_channel_has_one_operation_and_every_place_in_its_address_a_parameter() -> None:
    channels, operations = described()["channels"], described()["operations"]
    assert sorted(each["channel"]["$ref"] for each in operations.values()) == sorted(
        f"#/channels/{c}" for c in channels
    )
    for name, channel in channels.items():
        assert re.findall(r"{(\w+)}", channel["address"]) == list(channel["parameters"])
        topic = re.sub(r"{(\w+)}", "x", channel["address"])
        assert channel_of(topic) == name
    received = {name for name, each in operations.items() if each["action"] == "receive"}
    assert received == {"deviceCommand", "gatewayCommand"}
    retained = {name for name, each in operations.items() if each["bindings"]["mqtt"]["retain"]}
    assert retained == {
        name for name in channels if name.removeprefix("device").removeprefix("gateway").lower() in RETAINED_KINDS
    }


@settings(max_examples=examples(40))
@given(anything())
def test_whatever_is_written_is_as_published_in_both_formats(what: tuple[str, Device, Write]) -> None:
    kind, device, write = what
    own = kind == "gap" or not device
    topic = f"fieldgate/mill-3/{kind}" if own else f"fieldgate/mill-3/device/{kind}"
    body = assert_event(write(events))
    message = assert_described(topic, json.loads(write(plain)))
    assert assert_described(topic, body) == f"{message}Event"


def test_the_will_is_as_published_in_both_formats() -> None:
    topic = "fieldgate/mill-3/status"
    assert assert_described(topic, json.loads(last_will("mill-3"))) == "will"
    assert assert_described(topic, assert_event(last_will("mill-3", "cloudevents", "7"))) == "willEvent"
    shown = described()["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    assert shown["message"].encode() == last_will("{gateway}")


@pytest.mark.parametrize(("encoder", "message"), [(plain, "batch"), (events, "eventBatch")])
def test_a_batch_is_as_published_and_holds_one_format_and_readings_only(encoder: Encoder, message: str) -> None:
    readings = [json.loads(encoder.reading(seq, "d", 0, {"p": 1}, {})) for seq in (1, 2)]
    other = json.loads((plain if encoder is events else events).reading(3, "d", 0, {"p": 1}, {}))
    status = json.loads(encoder.result(4, 0, "d", "c", RESULT))
    assert assert_described("fieldgate/gw/batch", readings) == message
    for wrong in ([], [*readings, other], [*readings, status]):
        assert not validator("batch").is_valid(wrong)
        assert not validator("eventBatch").is_valid(wrong)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_envelopes_schema_refuses_the_others_refuse(wrong: str) -> None:
    good = {**HEAD, "kind": "reading", "device": "d", "time": TIME, "values": {"p": 1}}
    event = json.loads(events.reading(4711, "d", 0, {}, {}))
    published = Draft202012Validator(cloudevents())
    assert validator("reading").is_valid(good)
    assert not validator("reading").is_valid({**good, **WRONG[wrong]})
    assert validator("readingEvent").is_valid({**event, "data": good})
    assert published.is_valid({**event, "data": good})
    assert not validator("readingEvent").is_valid({**event, "data": {**good, **WRONG[wrong]}})
    assert not published.is_valid({**event, "data": {**good, **WRONG[wrong]}})


WRONG_EVENT: dict[str, dict[str, Any]] = {
    "another version": {"specversion": "0.3"},
    "an id without a number": {"id": "1763888462-"},
    "a source of somebody else": {"source": "/elsewhere/mill-3/cloud"},
    "another type than its data": {"type": "io.fieldgate.status.v1"},
    "data that is text": {"data": "{}"},
    "an attribute nobody knows": {"colour": "red"},
    "a subject that is no id": {"subject": "a/b"},
}


@pytest.mark.parametrize("wrong", WRONG_EVENT)
def test_what_is_wrong_around_the_envelope_is_refused(wrong: str) -> None:
    event = json.loads(events.reading(4711, "d", 0, {}, {}))
    published = Draft202012Validator(cloudevents())
    assert published.is_valid(event)
    assert not published.is_valid({**event, **WRONG_EVENT[wrong]})
    assert not validator("readingEvent").is_valid({**event, **WRONG_EVENT[wrong]})
    assert not published.is_valid({name: value for name, value in event.items() if name != "subject"})


def test_the_schema_of_commands_has_every_member_that_an_endpoint_may_send() -> None:
    members = {field.name for field in structs.fields(Request)} - ONLY_AT_THE_BOX
    assert set(command()["properties"]) == members == set(ABOUT_COMMAND)


COMMANDS: dict[str, Any] = {
    "a write": {"id": "c", "write": {"a": 1, "b": True, "c": "x", "d": 1.5}},
    "a write with all that may be beside it": {
        "id": "c", "write": {"a": 1}, "expires": "2026-11-23T09:02:00Z", "device": "d", "confirm": "t",
    },
    "a read": {"id": "c", "read": ["a"]},
    "an invoke": {"id": "c", "invoke": "tare", "args": {"kg": {"deep": [1]}}},
    "a time with its zone": {"id": "c", "read": ["a"], "expires": "2026-11-23T09:02:00.5+01:00"},
    "the longest id": {"id": "c" * 128, "read": ["a"]},
    "the most points": {"id": "c", "read": ["a"] * 1000},
}  # fmt: skip

NO_COMMANDS: dict[str, Any] = {
    "no id": {"read": ["a"]},
    "an empty id": {"id": "", "read": ["a"]},
    "an id that is too long": {"id": "c" * 129, "read": ["a"]},
    "nothing to do": {"id": "c"},
    "two things at once": {"id": "c", "read": ["a"], "invoke": "tare"},
    "nothing to write": {"id": "c", "write": {}},
    "null to write": {"id": "c", "write": {"a": None}},
    "a list to write": {"id": "c", "write": {"a": [1]}},
    "nothing to read": {"id": "c", "read": []},
    "too many points": {"id": "c", "read": ["a"] * 1001},
    "a time without its zone": {"id": "c", "read": ["a"], "expires": "2026-11-23T09:02:00"},
    "a member nobody knows": {"id": "c", "read": ["a"], "colour": "red"},
    "a list": [],
}  # fmt: skip


@pytest.mark.parametrize("what", COMMANDS)
def test_what_is_taken_as_a_command_follows_its_schema(what: str) -> None:
    assert decode(json.dumps(COMMANDS[what]).encode()).id == COMMANDS[what]["id"]
    assert Draft202012Validator(command()).is_valid(COMMANDS[what])
    assert assert_described("fieldgate/gw/boiler/command", COMMANDS[what]) == "command"


@pytest.mark.parametrize("what", NO_COMMANDS)
def test_what_is_not_taken_as_a_command_does_not_follow_its_schema(what: str) -> None:
    with pytest.raises(Malformed):
        decode(json.dumps(NO_COMMANDS[what]).encode())
    assert not Draft202012Validator(command()).is_valid(NO_COMMANDS[what])
    assert not validator("command").is_valid(NO_COMMANDS[what])
