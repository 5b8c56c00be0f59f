"""The API's description."""

import json
from typing import Any

import msgspec
from jsonschema import Draft202012Validator

from gateway.control.openapi import described
from gateway.control.routes import TABLE
from tests.control.described import PUBLISHED, text


def test_what_is_published_is_what_is_served() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text(), "run python -m tests.control.described"


def test_every_path_of_the_table_is_described_with_its_query_and_errors() -> None:
    paths = described(TABLE)["paths"]

    for path in TABLE:
        operation = paths[path.path][path.method.lower()]
        named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        assert named == {field.name for field in msgspec.structs.fields(path.query)}
        assert {"200", "400", "405", "408", "413", "500", "503"} <= operation["responses"].keys()
        assert operation["summary"]
        assert ("requestBody" in operation) == (path.method == "POST")


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for each in described(TABLE)["paths"].values() for operation in each.values()]

    assert len(set(names)) == len(names) == len(TABLE)


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    whole = described(TABLE)

    for schema in whole["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in _references(whole):
        found: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


def test_only_a_body_that_must_be_there_is_required() -> None:
    paths = described(TABLE)["paths"]

    required = {path.path: paths[path.path]["post"]["requestBody"]["required"] for path in TABLE if path.body}

    assert {path.rpartition("/")[2] for path, needs in required.items() if needs} == {"write", "invoke", "peek"}


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [reference for each in value.values() for reference in _references(each)]
    if isinstance(value, list):
        return [reference for each in value for reference in _references(each)]
    return []


def test_it_is_json() -> None:
    assert json.loads(text())["openapi"] == "3.1.0"
