"""The published description of the API, and answers that are held against it.

After a change that is meant, `python -m tests.control.described` writes it anew; read the difference before it is
committed.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from gateway.control.openapi import described
from gateway.control.routes import TABLE
from tests.support.repo import ROOT

PUBLISHED = ROOT / "docs" / "openapi.json"
URN = "urn:fieldgate:api"


def text() -> str:
    """As it is published."""
    return json.dumps(described(TABLE), indent=2, ensure_ascii=False) + "\n"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator({"$id": URN, **described(TABLE)})


def assert_described(method: str, path: str, status: int, kind: str, body: Any) -> None:
    """This answer is one that the description promises for this path."""
    operation = _operation(method, path)
    answer = operation["responses"][str(status)]
    if "$ref" in answer:
        answer = described(TABLE)["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    _assert_valid(answer["content"][kind]["schema"], body)


def assert_body_described(method: str, path: str, body: Any) -> None:
    """This request's body is one that the description allows."""
    _assert_valid(_operation(method, path)["requestBody"]["content"]["application/json"]["schema"], body)


def _operation(method: str, path: str) -> Any:
    bare = path.partition("?")[0]
    for pattern, operations in described(TABLE)["paths"].items():
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), bare) and method.lower() in operations:
            return operations[method.lower()]
    raise AssertionError(f"{method} {path} is not described")


def _assert_valid(schema: Any, body: Any) -> None:
    rules = _validator().evolve(schema=_rooted(schema))
    assert [f"{error.json_path}: {error.message}" for error in rules.iter_errors(body)] == []


def _rooted(schema: Any) -> Any:
    """References as they are from outside."""
    return json.loads(json.dumps(schema).replace('"#/', f'"{URN}#/'))


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")
