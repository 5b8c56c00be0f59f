"""The locks: exact, hashed, without an index host, and true to pyproject.toml."""

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.repo import ROOT

LOCKS = ("run", "demo", "dev")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
DEPENDENCIES: list[str] = PYPROJECT["project"]["dependencies"]


def text_of(lock: str) -> str:
    return (ROOT / "scripts" / "lock" / f"{lock}.txt").read_text()


def pins_of(lock: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PIN.findall(text_of(lock))}


def wanted_by(lock: str) -> list[Requirement]:
    groups = PYPROJECT["dependency-groups"]
    extra = PYPROJECT["project"]["optional-dependencies"]["demo"]
    wanted = {
        "run": DEPENDENCIES,
        "demo": [*DEPENDENCIES, *extra, *groups["build"]],
        "dev": [*DEPENDENCIES, *extra, *groups["build"], *(entry for entry in groups["dev"] if isinstance(entry, str))],
    }
    return [Requirement(line) for line in wanted[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_pyproject(lock: str) -> None:
    pins = pins_of(lock)

    unmet = [
        str(need)
        for need in wanted_by(lock)
        if not need.specifier.contains(pins.get(canonicalize_name(need.name), "0"))
    ]

    assert unmet == [], "run scripts/lock/update"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(lock: str) -> None:
    blocks = re.split(r"^(?=\S+==)", text_of(lock), flags=re.MULTILINE)[1:]

    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock: str) -> None:
    assert not re.search(r"://|--index-url|--find-links", text_of(lock))


@pytest.mark.parametrize("lock", ["run", "demo"])
def test_what_users_run_is_what_is_tested(lock: str) -> None:
    assert pins_of(lock).items() <= pins_of("dev").items()
