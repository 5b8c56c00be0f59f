"""The envelope's published schema, and everything that is held against it."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from gateway.endpoints.payload import envelope_in
from gateway.published import text_of


@cache
def validator() -> Draft202012Validator:
    return _validator("envelope.schema.json")


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads(text_of(name))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def assert_envelope(payload: bytes) -> Any:
    """What an envelope says, once it is known to follow the schema and to be written as promised."""
    text = payload.decode()
    body = json.loads(text, parse_constant=_not_json)
    kind = {"status": "deviceStatus" if "device" in body else "gatewayStatus" if "seq" in body else "will"}
    kind |= {"birth": "deviceBirth" if "device" in body else "gatewayBirth"}
    rules = validator().evolve(
        schema={"$ref": f"urn:fieldgate:envelope:1#/$defs/{kind.get(body['kind'], body['kind'])}"}
    )
    errors = [f"{error.json_path}: {error.message}" for error in rules.iter_errors(body)]
    assert errors == [], text
    assert validator().is_valid(body), text
    assert text == json.dumps(body, ensure_ascii=False, separators=(",", ":")) or _same_numbers(text, body)
    return body


def assert_event(payload: bytes) -> Any:
    """What a CloudEvent says, once it and the envelope in it are known to follow their schemas."""
    event = json.loads(payload)
    rules = _validator("cloudevents.schema.json")
    assert [f"{error.json_path}: {error.message}" for error in rules.iter_errors(event)] == [], payload
    assert event["data"] == assert_envelope(envelope_in(payload))
    return event


def assert_batch(payload: bytes) -> Any:
    """What a batch says, once its array, and each envelope in it, is known to follow the schema."""
    batch = json.loads(payload)
    rules = validator().evolve(schema={"$ref": "urn:fieldgate:envelope:1#/$defs/batch"})
    assert [f"{error.json_path}: {error.message}" for error in rules.iter_errors(batch)] == [], payload
    assert validator().is_valid(batch), payload
    assert payload == json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode(), "no white space"
    return batch


def _same_numbers(text: str, body: Any) -> bool:
    """Written as Python would, but for how an exponent looks."""
    return " " not in _without_texts(text) and json.loads(text) == body


def _without_texts(text: str) -> str:
    """What is left outside of quotes."""
    out, quoted, escaped = [], False, False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = not escaped and character == "\\"
        elif character == '"':
            quoted = True
        else:
            out.append(character)
    return "".join(out)


def _not_json(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")
