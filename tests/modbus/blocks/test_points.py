"""Whatever a configuration says of a point: it is refused in a sentence, or it reads and writes all there can be."""

from typing import Any, get_args

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.modbus.blocks.fields import wire_of
from adapters.modbus.blocks.plan import Block, Cell, cell_of
from adapters.modbus.blocks.registers import layout
from adapters.modbus.blocks.scaling import Scaling
from adapters.modbus.config.point import ModbusPoint, ScalarName
from gateway.model import Kind, Value
from gateway.values import Order, Unwritable
from tests.modbus.setup import device
from tests.support.examples import examples

TYPES: dict[Kind, type] = {"int": int, "float": float, "bool": bool, "text": str}
SMALL = st.integers(0, 20)
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "length": st.integers(1, 6),
    "byte": st.sampled_from(["high", "low"]),
    "encoding": st.sampled_from(["ascii", "latin-1", "utf-8"]),
    "bits": SMALL | st.tuples(SMALL, SMALL).map(lambda ends: f"{min(ends)}..{max(ends)}"),
    "order": st.sampled_from(get_args(Order)),
    "scale": st.sampled_from([0.1, 0.25, 10.0, -1.0, 3.0]),
    "offset": st.sampled_from([-273.15, 0.5, 100.0]),
    "decimals": st.integers(0, 3),
    "range": st.just([-1000.0, 1000.0]),
    "invalid": st.integers(-5, 5) | st.lists(st.integers(-40000, 70000), min_size=1, max_size=3),
    "enum": st.sets(SMALL, min_size=1, max_size=4).map(lambda codes: {code: f"is {code}" for code in codes}),
    "scale_from": st.just(90),
}


@st.composite
def points(draw: st.DrawFn) -> dict[str, Any]:
    """A type and up to three things that are said of it; a text as long as it needs to be."""
    kind = draw(st.sampled_from(get_args(ScalarName)))
    keys = draw(st.lists(st.sampled_from(sorted(KEYS)), max_size=3, unique=True))
    if kind in ("string", "bytes"):
        keys = ["length", *[key for key in keys if key in ("encoding", "order")]]
    return {"address": 1, "type": kind, **{key: draw(KEYS[key]) for key in keys}}


def cell(point: dict[str, Any]) -> Cell:
    try:
        ModbusPoint.model_validate(point)
    except ValidationError as error:
        (only,) = error.errors()
        assert len(only["msg"]) > len("Value error, ") + 20
        assume(False)
    return cell_of(device({"p": point}), "p")


def read(point: Cell, data: bytes, exponent: int) -> Value | None:
    """As a poll does it."""
    factor = point._replace(place=1, name="factor", start=point.scale_from or 0, scale_from=None, hidden=True)
    cells = (point, factor) if point.scale_from is not None else (point,)
    (number,), bad = layout(Block((point,))).sift(data, 0)
    (value,) = Scaling(cells).sift([number, exponent][: len(cells)], bad)
    assert (value is None) == (list(bad) == ["p"])
    return value


@settings(max_examples=examples(400))
@given(points(), st.binary(min_size=12, max_size=12), st.integers(-10, 10))
def test_whatever_the_registers_hold_is_a_value_of_its_kind_or_bad(
    point: dict[str, Any], data: bytes, exponent: int
) -> None:
    scaled = cell(point)
    value = read(scaled, data, exponent)
    assert value is None or type(value) is TYPES[ModbusPoint.model_validate(point).kind]


@settings(max_examples=examples(400))
@given(points(), st.binary(min_size=12, max_size=12), st.integers(-10, 10))
def test_what_was_read_can_be_written_and_is_then_read_as_it_was(
    point: dict[str, Any], data: bytes, exponent: int
) -> None:
    scaled = cell(point)
    value = read(scaled, data, exponent)
    assume(value is not None and "decimals" not in point and "invalid" not in point)
    assume(not isinstance(value, float) or abs(value) * 10.0 ** abs(exponent) < 1e12)  # all digits are in the double
    assert value is not None
    old = data[: 2 * (scaled.end - scaled.start)]
    new = wire_of(scaled, value, exponent).merged(old)
    assert read(scaled, new, exponent) == value
    if point["type"] not in ("bool", "string", "float16", "float32", "float64"):
        assert new == old


@settings(max_examples=examples(400))
@given(
    points(),
    st.floats(-1e6, 1e6) | st.integers(-300, 300) | st.booleans() | st.text("ab0 é\0", max_size=13),
    st.binary(min_size=12, max_size=12),
    st.integers(-10, 10),
)
def test_what_is_written_is_told_as_it_will_be_read(
    point: dict[str, Any], value: Value, data: bytes, exponent: int
) -> None:
    scaled = cell({key: said for key, said in point.items() if key != "invalid"})
    try:
        wire = wire_of(scaled, value, exponent)
    except Unwritable:
        return
    assert read(scaled, wire.merged(data[: len(wire.data)]), exponent) == wire.value
