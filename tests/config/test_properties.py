"""What holds for any text whatever."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.config import ConfigError, Diagnostic, load
from gateway.config.compose import compose
from gateway.config.diagnostics import Findings
from gateway.config.source import Source
from tests.config import golden
from tests.config.catalog import CATALOG
from tests.support.examples import examples

TEXTS = [
    path.read_bytes().decode("utf-8", errors="replace")
    for case in golden.all_cases()
    for path in case.glob("*.yaml")
    if "secrets" not in path.name and case.name != "billion-laughs"
]
SPICE = st.sampled_from(
    [
        "\t",
        "\n",
        "\r\n",
        ": ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "#",
        "&a ",
        "*a",
        "!x ",
        "|",
        "<<: ",
        "${env:A}",
        "${",
    ]
)
ODD = st.sampled_from(["\N{NO-BREAK SPACE}", "\x85", "\N{LINE SEPARATOR}", "\ufeff", "é", "𝄞", "? ", "---\n", "%", "@"])

quick = settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])


def diagnostics(folder: Path, content: bytes) -> tuple[Diagnostic, ...]:
    file = folder / "gateway.yaml"
    file.write_bytes(content)
    try:
        return load(file, CATALOG, {"A": "1"}).warnings
    except ConfigError as error:
        found = error.diagnostics
    assert any(each.severity == "error" for each in found)
    return found


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A configuration with pieces cut out and others put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.one_of(st.just(""), SPICE, ODD, st.text(max_size=3))) + text[end:]
    return text


def assert_within(found: tuple[Diagnostic, ...], text: str) -> None:
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    for each in found:
        place = each.place
        assert place.line is not None
        assert place.column is not None
        assert place.end_column is not None
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= place.end_column <= len(lines[place.line - 1]) + 1
        assert "\x1b" not in each.render()


@quick
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_site_or_a_located_error(tmp_path: Path, content: bytes) -> None:
    for each in diagnostics(tmp_path, content):
        assert each.place.line is not None


@quick
@given(text=st.text(max_size=200).filter(lambda text: text.isprintable() or "\n" in text))
def test_any_text_is_a_site_or_an_error_within_it(tmp_path: Path, text: str) -> None:
    assert_within(diagnostics(tmp_path, text.encode()), text)


@settings(quick, max_examples=examples(400))
@given(text=damaged())
@example(text="version: 1\ngateway: {id: a}\r")
def test_a_damaged_configuration_is_a_site_or_an_error_within_it(tmp_path: Path, text: str) -> None:
    found = diagnostics(tmp_path, text.encode())

    assert_within(tuple(each for each in found if each.place.file.name == "gateway.yaml"), text)


SECRETS = st.text("abcxyzABC0123456789!@#%^&*()-_=+[]{};:,.<>?/|~`", min_size=4, max_size=12).map(lambda s: f"Zq{s}9Z")
LINES = [
    "  cloud: {{type: cloud, url: x, password: {secret}}}",
    "  cloud: {{type: cloud, password: '{secret}', url: x, protocol: 4}}",
    "  cloud: {{type: clodu, password: {secret}, url: x}}",
    "  cloud:\n    type: cloud\n    password: {secret}\n    url: 5\n    bad: 1",
    '  cloud:\n    type: cloud\n    password: "{secret}\n    url: 5',
    "  cloud:\n    type: cloud\n    password:\n      {secret}\n    url: 5",
    "  cloud:\n    password:{secret}\n    type: cloud",
    "  cloud: {{type: cloud, pasword: {secret}, url: [}}",
    "  cloud: {{type: cloud, pssword: {secret}, url: 5}}",
    "  hub: {{type: hub, connection_string: {secret}, bad: 1}}",
    "  hub: {{type: cloud, url: 'mqtt://me:{secret}@host', bad: 1}}",
]


@settings(quick, max_examples=examples(600), derandomize=True)
@given(secret=SECRETS, line=st.sampled_from(LINES), tail=st.sampled_from(["", "\nlinks: [", "\nfoo: 1", "\n\tx"]))
def test_a_secret_is_in_no_diagnostic(tmp_path: Path, secret: str, line: str, tail: str) -> None:
    text = "version: 1\ngateway: {id: a}\nendpoints:\n" + line.format(secret=secret) + tail
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", secret) if len(piece) > 2 and not piece.isdigit()]

    shown = "\n".join(each.render() for each in diagnostics(tmp_path, text.encode()))

    assert secret not in shown
    assert not [piece for piece in pieces if piece in shown]


@pytest.mark.parametrize("value", ["hunter22", "'hunter22", "[hunter22", "!hunter22 x", "*hunter22", "{a: hunter22}"])
def test_a_secret_in_the_secrets_file_is_in_no_diagnostic(tmp_path: Path, value: str) -> None:
    (tmp_path / "secrets.yaml").write_text(f"cloud: {value}\nother: [\n")
    (tmp_path / "secrets.yaml").chmod(0o600)
    main = 'version: 1\ngateway: {id: a}\nendpoints: {a: {type: hub, connection_string: "${secret:cloud}", x: 1}}\n'

    found = diagnostics(tmp_path, main.encode())

    assert found
    assert "hunter22" not in "\n".join(each.render() + str(each.as_json()) for each in found)


@quick
@given(text=damaged())
def test_every_scalar_is_found_where_its_node_says(text: str) -> None:
    source = Source(Path("x.yaml"), text)
    root = compose(source, Findings())
    nodes = [root] if root else []
    while nodes:
        node = nodes.pop()
        nodes += [*node.children.values(), *node.keys.values()]
        if isinstance(node.data, str) and node.data.isalnum() and not node.children:
            assert node.data[:1] in source.text[node.start : node.end]
