"""What a named command takes: as an installer writes it, and whether what somebody gives fits it. Pure."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from msgspec.structs import replace
from pydantic import Field, model_validator

from gateway.adapter.basis import Identifier, StrictModel
from gateway.adapter.writing import KINDS, Guarded
from gateway.model import ArgumentInfo, CommandInfo, Kind, Value

SHOWN_CHARS = 40
"""Of a value that does not fit: a stranger wrote it."""

LARGEST_WHOLE = 2**64
"""Beyond this no device has a number, and a float no longer tells which whole number it stands for."""


class Unfit(ValueError):
    """A value that an argument can't have, in a sentence; `is_kind`: it is of another kind altogether."""

    def __init__(self, sentence: str, *, is_kind: bool = False) -> None:
        super().__init__(sentence)
        self.is_kind = is_kind


class Argument(StrictModel):
    """What a command takes, and what it may be."""

    type: Literal["float", "int", "bool", "string"] = "float"
    min: float | None = None
    max: float | None = None
    choices: list[Value] | None = Field(None, min_length=1, description="nothing else")
    max_length: Annotated[int, Field(ge=1, le=1024)] | None = Field(None, description="characters of a string")
    default: Value | None = Field(None, description="if it is not given")
    unit: str | None = None
    description: str = ""

    @property
    def kind(self) -> Kind:
        """How it is written in JSON."""
        return "text" if self.type == "string" else self.type

    def describe(self) -> ArgumentInfo:
        """The same for the core."""
        return ArgumentInfo(
            kind=self.kind,
            min=self.min,
            max=self.max,
            choices=tuple(self.choices or ()),
            max_length=self.max_length,
            default=self.default,
            unit=self.unit,
            description=self.description,
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        for complaint in _complaints(self.describe()):
            raise ValueError(complaint)
        return self


class AdapterCommand(Guarded):
    """A command that its adapter carries out itself, with what it is given."""

    args: dict[Identifier, Argument] = Field({}, description="what it takes, by name")
    description: str = ""

    def describe(self) -> CommandInfo:
        """The same for the core."""
        args = {name: argument.describe() for name, argument in self.args.items()}
        return CommandInfo(self.guards(), (), self.description, args)


def _complaints(info: ArgumentInfo) -> Iterator[str]:
    limits = [limit for limit in (info.min, info.max) if limit is not None]
    if limits and info.kind in ("bool", "text"):
        yield f"min and max are for numbers, and this is {KINDS[info.kind]}: leave them out"
    if not all(map(math.isfinite, limits)):
        yield "min and max must be finite: leave out what is no limit"
    if info.min is not None and info.max is not None and info.min > info.max:
        yield "min is above max"
    for key, given in (("max_length", info.max_length), ("pattern", info.pattern)):
        if given is not None and info.kind != "text":
            yield f"{key} is for text, and this is {KINDS[info.kind]}: leave it out"
    for choice in info.choices:
        if (why := why_not(replace(info, choices=()), choice)) is not None:
            yield f"choices: each {why}"
    if info.default is not None and (why := why_not(info, info.default)) is not None:
        yield f"default: it {why}"


def fitted(info: ArgumentInfo, value: Any) -> Value:
    """The value as the adapter gets it, a number of the right kind; raises Unfit."""
    found = _of_kind(info, value)
    if found is None:
        raise Unfit(f"must be {allowed(info)}, not {shown(value)}", is_kind=True)
    if info.choices:
        if found not in info.choices:
            raise Unfit(f"must be {allowed(info)}, not {shown(value)}")
        return found
    if isinstance(found, str):
        _check_text(info, found)
    elif (info.min is not None and found < info.min) or (info.max is not None and found > info.max):
        raise Unfit(f"must be {allowed(info)}, not {shown(value)}")
    return found


def why_not(info: ArgumentInfo, value: Any) -> str | None:
    """Why a value does not fit; None if it does."""
    try:
        fitted(info, value)
    except Unfit as error:
        return str(error)
    return None


def allowed(info: ArgumentInfo) -> str:
    """What it may be, as in: a number from 0 to 500 kg."""
    if info.choices:
        return " or ".join(map(shown, info.choices))
    what, low, high = KINDS[info.kind], info.min, info.max
    if info.max_length is not None:
        return f"{what} of at most {info.max_length} characters"
    if low is None and high is None:
        return f"{what} in {info.unit}" if info.unit and info.kind in ("int", "float") else what
    if low is None:
        between = f"up to {high:.15g}"
    else:
        between = f"from {low:.15g} upwards" if high is None else f"from {low:.15g} to {high:.15g}"
    return f"{what} {between} {info.unit or ''}".rstrip()


def shown(value: Any) -> str:
    """As JSON, not longer than can be read."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


def _of_kind(info: ArgumentInfo, value: Any) -> Value | None:
    if info.kind == "text":
        return value if isinstance(value, str) else None
    if info.kind == "bool":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return None
    if info.kind == "float":
        return float(value)
    is_whole = value == int(value) and abs(value) <= LARGEST_WHOLE
    return int(value) if is_whole else None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _check_text(info: ArgumentInfo, text: str) -> None:
    if info.max_length is not None and len(text) > info.max_length:
        raise Unfit(f"must be {allowed(info)}, not of {len(text)}")
    if any(map(_is_control, text)):
        raise Unfit("must not have control characters: to the device a line's end may begin another command")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"
