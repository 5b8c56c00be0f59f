"""Names in patterns of answers."""

from adapters.serial.talk.expected import filled, names_in


def test_a_name_stands_for_its_literal_text() -> None:
    assert filled(r"^\{address}>{address} {n}{2,3}$", {"address": "0.7", "n": 5}) == r"^\{address}>0\.7 5{2,3}$"


def test_quantifiers_and_classes_are_no_names() -> None:
    pattern = r"a{2}b{1,3}\p{Greek}\x{10FFFF}{code}"
    assert names_in(pattern) == {"code"}
    assert filled(pattern, {"Greek": "x", "code": "."}) == r"a{2}b{1,3}\p{Greek}\x{10FFFF}\."


def test_a_name_of_which_nothing_is_known_stays() -> None:
    assert filled("^{x}$", {}) == "^{x}$"
