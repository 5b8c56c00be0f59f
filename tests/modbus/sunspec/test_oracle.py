"""What pysunspec2 makes of the same registers."""

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sunspec2 import device as oracle

from adapters.modbus.sunspec.shape import NO_POINT
from gateway.model import Value
from tests.modbus.sunspec.images import Device, bytes_of, chain, completed, known, model, read, words_of
from tests.support.examples import examples

MODELS = [
    *(1, 101, 103, 113, 120, 121, 122, 123, 160, 201, 203, 213, 302, 307, 401, 502),
    *(701, 702, 704, 705, 707, 712, 714, 802, 803, 804),
]
"""Of each kind: fixed, repeated by a count, by length, and within each other; integers and floats."""
COUNTS = {"NPt": 2, "NCrv": 2, "NCrvSet": 1, "NCtl": 2, "NPrt": 2, "NStr": 2, "NMod": 2}
REPEATS = {160: 3, 307: 0, 401: 2, 302: 2}
"""Of groups whose number only the length of their model tells."""

ODD = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FC0)
FACTORS = (*range(-10, 11), -0x8000)
PRINTABLE = "".join(map(chr, range(33, 127)))


def empty(number: int) -> list[int]:
    """The registers of a model in which every group comes so often."""
    group = oracle.get_model_def(number)["group"]
    repeated: dict[str, list[dict[str, int]]] = {
        each["name"]: [{}] * REPEATS[number] for each in group.get("groups", ()) if number in REPEATS
    }
    there = {each["name"]: COUNTS[each["name"]] for each in group["points"] if each["name"] in COUNTS}
    return model(number, {**there, **repeated})


@pytest.mark.parametrize("number", MODELS)
@settings(max_examples=examples(20))
@given(seed=st.integers(0, 2**32))
def test_points_and_values_are_those_of_the_oracle(number: int, seed: int) -> None:
    words = filled(empty(number), Random(seed))
    there = Device(chain(words))
    device = completed(there)
    values, bad = read(device, there)
    expected = {f"{known(number).group.name}_{key}": each for key, each in theirs(parsed(words))}

    assert set(device.points) == {key for key, (_, value) in expected.items() if value is not None}
    for key in device.points:
        point, value = expected[key]
        if value in labels(point) or not labels(point):
            assert alike(values[key], point, value), (key, values.get(key), value)
        else:
            assert bad[key].value == value


def parsed(words: Sequence[int]) -> Any:
    """A model as the oracle sees it."""
    found = oracle.Model(words[0], data=bytes_of(words), model_len=words[1])
    assert not found.error_info
    return found


def theirs(group: Any, prefix: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Points by our names, with the oracle's value; None where that is not implemented or has no scale."""
    for name, point in group.points.items():
        if point.pdef["type"] not in NO_POINT and name not in {"ID", "L"}:
            yield f"{prefix}{name}", (point, worth(point))
    for name, below in group.groups.items():
        short = f"{prefix}{name.removeprefix(f'{group.model.gname}_')}"
        if isinstance(below, list):
            for number, each in enumerate(below, 1):
                yield from theirs(each, f"{short}_{number}_")
        else:
            yield from theirs(below, f"{short}_")


def worth(point: Any) -> Any:
    value = point.cvalue
    is_number = value is None or isinstance(value, str) or math.isfinite(value)
    return None if not is_number or (point.sf_required and point.sf_value is None) else value


def labels(point: Any) -> dict[int, str]:
    if not point.pdef["type"].startswith("enum"):
        return {}
    return {each["value"]: each["name"] for each in point.pdef.get("symbols", ())}


def alike(ours: Value, point: Any, value: Any) -> bool:
    kind = point.pdef["type"]
    if labels(point):
        return bool(ours == labels(point)[value])
    if kind in {"eui48", "ipv6addr"}:
        return bool(ours == value.replace(":", "").lower())
    if kind == "ipaddr":
        return bool(ours == f"{value:08x}")
    return bool(ours == (value if isinstance(value, str) else pytest.approx(value, rel=1e-6)))


def filled(words: Sequence[int], random: Random) -> list[int]:
    """The same registers with something in each that is neither count nor header."""
    filled = list(words)
    for point in points_below(parsed(words)):
        kind, name = point.pdef["type"], point.pdef["name"]
        if name not in {"ID", "L", *COUNTS} and kind != "count":
            filled[point.offset : point.offset + point.len] = content(point, random)
    return filled


def content(point: Any, random: Random) -> list[int]:
    kind = point.pdef["type"]
    if kind == "string":
        text = "".join(random.choices(PRINTABLE, k=random.randint(0, 2 * point.len)))
        return words_of(text.encode().ljust(2 * point.len, b"\0"))
    if kind == "sunssf":
        return [random.choice(FACTORS) & 0xFFFF]
    if labels(point) and point.len == 1:
        return [random.choice([*labels(point), 0xFFFF, 9999])]
    return [random.choice([*ODD, random.randint(0, 0xFFFF)]) for _ in range(point.len)]


def points_below(group: Any) -> Iterator[Any]:
    yield from group.points.values()
    for below in group.groups.values():
        for each in below if isinstance(below, list) else [below]:
            yield from points_below(each)
