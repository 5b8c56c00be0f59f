"""A look at what a device has: its chain of models walked, from one request to the next. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Annotated, NamedTuple

import msgspec

from adapters.modbus.config.tables import ADDRESSES, MAX_READ_REGISTERS
from adapters.modbus.sunspec.definitions import HEADER, ModelDef
from adapters.modbus.sunspec.shape import Place, counts_of, is_implemented, is_scaled, places

BASES = (40000, 50000, 0)
"""Where the chain may begin (SunSpec Device Information Model Specification 1.1, 6.1)."""
MARK = (0x5375, 0x6E53)
"""`SunS`, before the first model (as above)."""
END = 0xFFFF
"""The number of the model that ends the chain (as above, 6.2)."""
COMMON = 1
"""The model that says whose device it is."""
IDENTITY = 64
"""Registers of the common model that change only with the device or its firmware: maker to serial number."""
MAX_MODELS = 256
"""Devices have a dozen; a memory full of rubbish looks like thousands."""
MAX_POINTS = 5000
"""Of one device: the largest batteries have some thousand."""

SHOWN = 3
"""Names of points that a sentence about them tells."""

Words = Sequence[int]


class Look(NamedTuple):
    """Registers to be read; what is `optional` may be missing, also without a word."""

    address: int
    size: int
    optional: bool = False


Register = Annotated[int, msgspec.Meta(ge=0, lt=ADDRESSES)]


class Model(msgspec.Struct, frozen=True):
    """A model that the device has: the address of its header, its length, and the points in it."""

    id: int
    address: Register
    length: Register
    counts: dict[str, int]
    points: tuple[str, ...]


Layout = tuple[tuple[int, int, int, tuple[tuple[str, int], ...]], ...]


class Found(msgspec.Struct, frozen=True):
    """What a device has: `unknown` models have no definition, `flaws` are what else people should know.

    `identity` is that of the first `identified` registers.
    """

    base: Register
    identified: Annotated[int, msgspec.Meta(ge=1, le=MAX_READ_REGISTERS)]
    identity: str
    models: tuple[Model, ...]
    unknown: tuple[int, ...] = ()
    flaws: tuple[str, ...] = ()

    @property
    def layout(self) -> Layout:
        """Where which models lie: as long as it is the same each point is where it was."""
        return tuple((each.id, each.address, each.length, tuple(each.counts.items())) for each in self.models)


class NoSunSpec(Exception):
    """The device has no chain of models where one may begin."""


Walk = Generator[Look, Words | None, Found]
"""Read what it yields and send the words, None where the device refuses. Raises NoSunSpec."""

Definition = Callable[[int], ModelDef | None]


def walk(bases: Sequence[int], most: int, definition: Definition) -> Walk:
    """All models, at most so many registers at once."""
    base = yield from _base(bases)
    chain = _Chain(most, definition)
    yield from chain.follow(base + len(MARK))
    identified, words = yield from _identity(base, most, chain.models)
    return Found(
        base, identified, digest(words), tuple(chain.models), tuple(dict.fromkeys(chain.unknown)), tuple(chain.flaws)
    )


def digest(words: Words) -> str:
    """Differs where the words do."""
    return hashlib.sha256(b"".join(word.to_bytes(2, "big") for word in words)).hexdigest()[:16]


def _base(bases: Sequence[int]) -> Generator[Look, Words | None, int]:
    for base in bases:
        words = yield Look(base, len(MARK), optional=True)
        if words is not None and tuple(words) == MARK:
            return base
    tried = ", ".join(map(str, bases))
    raise NoSunSpec(f"no SunSpec device: its models begin nowhere among the holding registers tried ({tried})")


def _identity(base: int, most: int, models: Sequence[Model]) -> Generator[Look, Words | None, tuple[int, Words]]:
    """What to compare later, in one request; nothing of it where the device refuses that."""
    count = len(MARK) + HEADER
    if models and models[0].id == COMMON and models[0].address == base + len(MARK):
        count = min(most, count + min(models[0].length, IDENTITY))
    words = yield Look(base, count)
    return (count, words) if words is not None else (len(MARK), MARK)


class _Chain:
    """The models one after the other."""

    def __init__(self, most: int, definition: Definition) -> None:
        self.models: list[Model] = []
        self.unknown: list[int] = []
        self.flaws: list[str] = []
        self._most = most
        self._definition = definition
        self._room = MAX_POINTS

    def follow(self, at: int) -> Generator[Look, Words | None, None]:
        """To its end, which may be a flaw."""
        for _ in range(MAX_MODELS):
            header = yield from self._header(at)
            if header is None:
                return
            number, length = header
            if number == 0 or at + HEADER + length > ADDRESSES:
                self.flaws.append(f"at {at} there is no model ({number} with {length} registers): what follows is lost")
                return
            yield from self._model(number, at, length)
            at += HEADER + length
        self.flaws.append(f"there are more than {MAX_MODELS} models: those beyond {at} are left out")

    def _header(self, at: int) -> Generator[Look, Words | None, tuple[int, int] | None]:
        """None at the end; some devices have nothing after its number."""
        if at + HEADER <= ADDRESSES:
            words = yield Look(at, HEADER)
            if words is not None:
                return None if words[0] == END else (words[0], words[1])
        if at < ADDRESSES:
            words = yield Look(at, 1)
            if words is not None and words[0] == END:
                return None
        self.flaws.append(f"the models have no end: the device refuses the next one's header at {at}")
        return None

    def _model(self, number: int, at: int, length: int) -> Generator[Look, Words | None, None]:
        definition = self._definition(number)
        if definition is None:
            self.unknown.append(number)
            return
        words = yield from self._words(at + HEADER, length)
        if len(words) < length:
            self.flaws.append(f"model {number} at {at}: the device refuses {len(words)} and what follows of {length}")
        self._take(definition, at, length, words)

    def _words(self, at: int, count: int) -> Generator[Look, Words | None, Words]:
        """As many of them as the device gives from the beginning on."""
        words: list[int] = []
        while len(words) < count:
            part = yield Look(at + len(words), min(self._most, count - len(words)))
            if part is None:
                break
            words += part
        return words

    def _take(self, definition: ModelDef, at: int, length: int, words: Words) -> None:
        counts = counts_of(definition, words)
        names: list[str] = []
        left_out: dict[str, list[str]] = {}
        for place in places(definition, length, counts):
            if is_implemented(place, words):
                why = self._unusable(place, words)
                (names if why is None else left_out.setdefault(why, [])).append(place.name)
        if len(names) > self._room:
            left_out[f"is beyond {MAX_POINTS} points of one device"] = names[self._room :]
        for why, what in left_out.items():
            self.flaws.append(f"model {definition.id} at {at}: left out what {why}: {_few(what)}")
        self.models.append(Model(definition.id, at, length, counts, tuple(names[: self._room])))
        self._room -= len(self.models[-1].points)

    def _unusable(self, place: Place, words: Words) -> str | None:
        if place.point.width > self._most:
            return "is too long for one request"
        return None if is_scaled(place, words) else "has no scale factor"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def named(models: Sequence[Model], definition: Definition) -> Iterator[tuple[str, Model, ModelDef]]:
    """Each model with its name: that of its definition, the second of a kind numbered 2."""
    seen: dict[int, int] = {}
    for model in models:
        known = definition(model.id)
        if known is not None:
            seen[model.id] = seen.get(model.id, 0) + 1
            number = seen[model.id]
            yield known.group.name if number == 1 else f"{known.group.name}_{number}", model, known
