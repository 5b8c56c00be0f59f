"""What is said to a device: polls, sequences, acknowledgements, commands. The configuration's part. Pure."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec.structs import replace
from pydantic import Field, model_validator
from typing_extensions import override

from adapters.serial.patterns import PatternText
from gateway.adapter import AdapterCommand, Identifier, Period, StrictModel
from gateway.adapter import Argument as AdapterArgument
from gateway.model import ArgumentInfo
from gateway.ports import Baudrate
from gateway.template.send import Send

MAX_STEPS = 100
MAX_PAUSE_S = 60.0
"""Of all pauses of one sequence: meanwhile nobody else has the line."""

Retries = Annotated[int, Field(ge=0, le=10)]


class NamedBaudrate(StrictModel):
    """A speed that a device has named: what was captured as `from`, looked up in `table`."""

    from_: str = Field(alias="from")
    table: Annotated[dict[str, Baudrate], Field(min_length=1)]


class TalkStep(StrictModel):
    r"""Something is sent and its answer awaited, or only one of both; or there is a pause, or another baud rate.

    Named groups of `expect` can be sent later on, as in `"\\x060{speed}0\\r\\n"`.
    """

    send: Send | None = None
    expect: PatternText | None = Field(None, description="what the answer looks like; other frames are passed over")
    timeout: Period | None = Field(None, description="for the answer, if not the device's")
    pause: Period | None = None
    baudrate: Baudrate | NamedBaudrate | None = Field(None, description="from here to the end of the sequence")

    @model_validator(mode="after")
    def _does_one_thing(self) -> TalkStep:
        kinds = [self.send is not None or self.expect is not None, self.pause is not None, self.baudrate is not None]
        if sum(kinds) != 1:
            raise ValueError("a step is send and expect, or one of both; or pause: 200ms; or baudrate: 9600")
        if self.timeout is not None and self.expect is None:
            raise ValueError("timeout is for an answer: say what to expect")
        return self


Sequence = Annotated[list[TalkStep], Field(min_length=1, max_length=MAX_STEPS)]


class Said(StrictModel):
    """Either `send` or a `sequence`, and what comes back."""

    send: Send | None = None
    sequence: Sequence | None = Field(
        None, description="several steps, one after the other, while nobody else has the line"
    )
    expect: PatternText | None = Field(None, description="what the answer looks like")
    error: PatternText | None = Field(
        None, description="what the device says instead when it refuses; its group `code` names the error"
    )
    errors: dict[str, str] = Field({}, description="what the codes of its errors mean")
    timeout: Period | None = Field(None, description="for the answer, if not the device's")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.send is None) == (self.sequence is None):
            raise ValueError('say what to send, as in send: "T\\r\\n", or a sequence of steps')
        if sum(step.pause or 0 for step in self.sequence or ()) > MAX_PAUSE_S:
            raise ValueError("its pauses take longer than a minute, while nobody else has the line")
        return self


class Poll(Said):
    """A question, and how often it is asked again before its answer counts as missing."""

    retries: Retries = Field(0, description="how often it is asked again at once")


class PointWrite(Said):
    """How a point is written: `{value}` is what is to be written."""


class Argument(AdapterArgument):
    """What a command takes, and what it may be."""

    pattern: PatternText | None = Field(None, description="what all of a string must look like")

    @override
    def describe(self) -> ArgumentInfo:
        return replace(super().describe(), pattern=self.pattern)


class SerialCommand(AdapterCommand, Said):
    """A command of the device, by its name: `{NAME}` in what is sent is an argument.

    Named groups of `expect` are in the result's values.
    """

    args: dict[Identifier, Argument] = Field({}, description="what it takes, by name")  # type: ignore[assignment]
