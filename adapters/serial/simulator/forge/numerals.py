"""How devices write numbers: signs, leading zeros or blanks, so many decimals. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

MAX_DECIMALS = 9
"""More than any device shows."""
MOST_DECIMALS = 15
"""Of a number that is written as it is: more than are read."""
MAX_WIDTH = 12
"""Characters that a number may be filled up to, where nothing says how many: counters of meters have the most."""

POWER_DECIMALS = 9
"""Of a number with a power of ten, where nothing says how many."""

_LIKE = re.compile(
    r"(?P<before> *)(?P<sign>[+-]?)(?P<between> *)(?P<whole>[0-9]*)(?:[.,](?P<rest>[0-9]*))?(?P<power>[eE][+-][0-9]+)?"
    r"(?P<after> *)"
)
_DIGITS = {2: "b", 8: "o", 16: "X"}


class Style(NamedTuple):
    """`decimals` None: as many as the number has; `width`: of all of it, filled up with `fill`.

    `<`: blanks behind it, `+`: blanks between the sign and it. `power`: with a power of ten, behind this letter.
    """

    decimals: int | None = None
    plus: bool = False
    width: int = 0
    fill: str = "0"
    power: str = ""

    def text(self, number: Fraction, decimal: str, base: int) -> str:
        """Rounded to the decimals that there are."""
        digits = self._power(abs(number)) if self.power else _written(abs(number), self.decimals, base)
        is_zero = not digits.partition(self.power or " ")[0].strip("0.")
        sign = "-" if number < 0 and not is_zero else "+" if self.plus else ""
        digits = digits.replace(".", decimal)
        if self.fill == "0":
            return sign + digits.rjust(self.width - len(sign), "0")
        if self.fill == "+":
            return (sign or " ") + digits.rjust(self.width - 1)
        return (sign + digits).ljust(self.width) if self.fill == "<" else (sign + digits).rjust(self.width)

    def step(self, number: Fraction) -> float:
        """What its last digit is worth, in this number."""
        decimals = MOST_DECIMALS if self.decimals is None else self.decimals
        if not self.power:
            return 10.0**-decimals
        return 10.0 ** (math.floor(math.log10(abs(number))) - decimals) if number else 0.0

    def _power(self, number: Fraction) -> str:
        decimals = POWER_DECIMALS if self.decimals is None else self.decimals
        return format(float(number), f".{decimals}{self.power}")


def styles(number: Fraction, like: str) -> Iterator[Style]:
    """The most likely first: as in `like`, then whatever loses nothing of the number, then with fewer decimals."""
    yield from _as_in(like)
    exact = _decimals(number)
    yield Style()
    for decimals in (*range(exact, MAX_DECIMALS + 1), *range(exact - 1, -1, -1)):
        for plus in (False, True):
            yield Style(decimals, plus)
        for fill in ("0", " ", "<", "+"):
            for width in range(1, MAX_WIDTH + 1):
                yield Style(decimals, plus=False, width=width, fill=fill)
                yield Style(decimals, plus=True, width=width, fill=fill)
    for decimals in (POWER_DECIMALS, *range(POWER_DECIMALS)):
        for letter in ("E", "e"):
            yield Style(decimals, plus=False, power=letter)
            yield Style(decimals, plus=True, power=letter)


def _as_in(like: str) -> Iterator[Style]:
    match = _LIKE.fullmatch(like)
    if match is None or not (match["whole"] or match["rest"]):
        return
    decimals = len(match["rest"] or "")
    plus = match["sign"] == "+"
    if match["power"]:
        yield Style(decimals, plus, power=match["power"][0])
    if match["between"]:
        yield Style(decimals, plus, len(like), "+")
    elif match["before"]:
        yield Style(decimals, plus, len(like), " ")
    elif match["after"]:
        yield Style(decimals, plus, len(like), "<")
    elif len(match["whole"]) > 1 and match["whole"][0] == "0":
        yield Style(decimals, plus, len(like), "0")
    yield Style(decimals, plus)


def _decimals(number: Fraction) -> int:
    """So many it has, as far as anybody writes them."""
    return next((n for n in range(MAX_DECIMALS) if (number * 10**n).denominator == 1), MAX_DECIMALS)


def _written(number: Fraction, decimals: int | None, base: int) -> str:
    if base in _DIGITS:
        return format(round(number), _DIGITS[base])
    places = _decimals(number) if decimals is None else decimals
    digits = str(round(number * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits
