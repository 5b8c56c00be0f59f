"""Places in a text, and lines as they may be shown."""

from pathlib import Path

import pytest

from gateway.config.diagnostics import Diagnostic, Place, Span, quoted
from gateway.config.source import Source


def source(text: str) -> Source:
    return Source(Path("x.yaml"), text)


@pytest.mark.parametrize(("text", "index", "place"), [
    ("ab\ncd\n", 0, (1, 1)), ("ab\ncd\n", 4, (2, 2)), ("ab\ncd\n", 6, (2, 3)), ("ab\ncd\n", 99, (2, 3)),
    ("ab\r\ncd", 4, (2, 1)), ("ab\rcd", 3, (2, 1)), ("", 5, (1, 1)), ("\n\n", 1, (1, 1)), ("ab\ncd", 2, (1, 3)),
])  # fmt: skip
def test_a_place_is_a_line_and_a_column_of_the_text(text: str, index: int, place: tuple[int, int]) -> None:
    assert source(text).place(index) == place


def test_a_mask_hides_its_characters_and_moves_the_caret() -> None:
    text = source("a: hunter2hunter2, b: 5")
    text.mask(3, 17)

    echo = text.echo(22, 23)

    assert echo is not None
    assert (echo.text, echo.caret, echo.width) == ("a: ***, b: 5", 11, 1)


def test_a_caret_within_a_mask_covers_the_mask() -> None:
    text = source("a: hunter2, b: 5")
    text.mask(3, 10)

    echo = text.echo(5, 8)

    assert echo is not None
    assert (echo.text, echo.caret, echo.width) == ("a: ***, b: 5", 3, 3)


def test_a_caret_under_wide_characters_is_as_wide_as_they_are() -> None:
    echo = source("温: 度計").echo(3, 5)

    assert echo is not None
    assert (echo.caret, echo.width) == (4, 4)


def test_control_characters_never_reach_the_terminal() -> None:
    echo = source("a: \x1b[31m").echo(0, 1)

    assert echo is not None
    assert "\x1b" not in echo.text
    assert "\x1b" not in quoted("\x1b[31m")


def test_nothing_of_a_confidential_source_is_shown() -> None:
    text = Source(Path("secrets.yaml"), "a: hunter2", confidential=True)

    assert Diagnostic("E102", "no", Span(text, 3, 5).place()).render() == "secrets.yaml:1:4: error[E102]: no"


def test_colour_only_surrounds_what_is_shown_without_it() -> None:
    plain = Diagnostic("W201", "link", Place(Path("a.yaml"), 1, 2))

    assert plain.render(color=True).replace("\x1b", "") != plain.render()
    assert plain.render() == "a.yaml:1:2: warning[W201]: link"
