import io

import pytest

from gateway.cli.show import count, wants_color


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("environ", "color"), [
    ({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False),
])  # fmt: skip
def test_a_terminal_gets_colour_unless_it_is_forbidden(environ: dict[str, str], color: bool) -> None:
    assert wants_color(Terminal(), environ) is color


def test_a_pipe_gets_no_colour() -> None:
    assert not wants_color(io.StringIO(), {})


def test_one_is_singular() -> None:
    assert [count(1, "link"), count(0, "link"), count(2, "link")] == ["1 link", "0 links", "2 links"]
