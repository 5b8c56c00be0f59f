"""What a word in the configuration most likely meant."""

import pytest

from gateway.config.diagnostics import did_you_mean, suggestion

PARITIES = ["none", "even", "odd", "mark", "space"]
TRANSPORTS = ["tcp", "tls", "udp", "rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp"]


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("N", PARITIES, "none"),
        ("E", PARITIES, "even"),
        ("NONE", PARITIES, "none"),
        ("evn", PARITIES, "even"),
        ("8N1", PARITIES, None),
        ("RTU", TRANSPORTS, "rtu"),
        ("FLOAT32", ["float16", "float32"], "float32"),
        ("cdab", ["ABCD", "CDAB"], "CDAB"),
        ("Boiler", ["boiler", "Boiler"], "Boiler"),
        ("", PARITIES, None),
        ("x", [], None),
    ],
)
def test_capitals_and_first_letters_are_understood(word: str, known: list[str], meant: str | None) -> None:
    assert suggestion(word, known) == meant
    assert did_you_mean(word, known) == (f" - did you mean '{meant}'?" if meant else "")


@pytest.mark.parametrize(
    ("word", "known", "end"),
    [
        ("float", ["bool", "float16", "float32", "float64"], "'float16', 'float32' or 'float64'?"),
        ("T", TRANSPORTS, "'tcp' or 'tls'?"),
        ("u", [f"u{n}" for n in range(5)], "'u4'?"),
    ],
)
def test_where_several_words_begin_so_none_of_them_is_preferred(word: str, known: list[str], end: str) -> None:
    assert did_you_mean(word, known).removeprefix(" - did you mean ") == end
