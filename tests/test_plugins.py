"""Adapters and endpoints by entry points; a broken one hurts only who asks for it."""

import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from gateway import __version__, plugins
from gateway.config import ConfigError, Unavailable, load
from tests.support.authority import Authority

MODULE = """
class NoAdapter:
    pass
"""


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The real entry points, and some that cannot be used."""
    (tmp_path / "strange_fieldgate_package.py").write_text(MODULE)
    (tmp_path / "crashing_fieldgate_package.py").write_text("raise RuntimeError('no libfoo')\n")
    monkeypatch.syspath_prepend(tmp_path)
    real = metadata.entry_points

    def entry_points(group: str) -> EntryPoints:
        odd = {
            "crashing": "crashing_fieldgate_package:Adapter",
            "missing": "absent_fieldgate_package:Adapter",
            "strange": "strange_fieldgate_package:NoAdapter",
        }
        extra = [EntryPoint(name, value, group) for name, value in odd.items()]
        rivals = [EntryPoint("rival", f"package_{letter}:Adapter", group) for letter in "ab"]
        return EntryPoints([*real(group=group), *extra, *rivals])

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    plugins.installed.cache_clear()
    yield
    plugins.installed.cache_clear()


def test_our_own_come_in_by_the_same_door() -> None:
    assert plugins.adapter("modbus").__name__ == "ModbusAdapter"
    assert plugins.endpoint("mqtt").__name__ == "MqttEndpoint"
    assert set(plugins.adapters(["modbus"])) == {"modbus"}
    assert set(plugins.endpoints(["mqtt"])) == {"mqtt"}


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("name", "reason"), [
    ("crashing", "cannot be loaded: RuntimeError: no libfoo"),
    ("missing", "cannot be loaded: ModuleNotFoundError"),
    ("strange", "is not an adapter"),
    ("rival", "is offered by package_a:Adapter and package_b:Adapter"),
    ("absent", "is offered by no package"),
])  # fmt: skip
def test_what_cannot_be_used_says_why(name: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        plugins.adapter(name)


@pytest.mark.usefixtures("installed")
def test_a_broken_adapter_is_an_error_only_where_it_is_used(tmp_path: Path) -> None:
    head = "version: 1\ngateway: {id: a}\n"
    (tmp_path / "good.yaml").write_text(head + "links: {a: {adapter: modbus, host: x}}\n")
    (tmp_path / "bad.yaml").write_text(head + "links: {a: {adapter: crashing}}\n")

    assert list(load(tmp_path / "good.yaml", plugins.catalog(), {}).links) == ["a"]
    with pytest.raises(ConfigError, match=r"bad.yaml:3:22: error\[E133\]: adapter 'crashing' of package"):
        load(tmp_path / "bad.yaml", plugins.catalog(), {})


def test_listing_what_is_installed_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("adapters")]:
        monkeypatch.delitem(sys.modules, name)

    assert "modbus" in plugins.catalog().adapters
    assert "adapters" not in sys.modules


def test_an_adapter_that_fails_to_advise_keeps_nobody_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def advice(_link: object, _devices: object) -> None:
        raise KeyError("baudrate")

    monkeypatch.setattr(plugins.adapter("modbus"), "advice", advice)
    (tmp_path / "good.yaml").write_text("version: 1\ngateway: {id: a}\nlinks: {a: {adapter: modbus, host: x}}\n")

    site = load(tmp_path / "good.yaml", plugins.catalog(), {})

    assert [warning.message for warning in site.warnings if warning.code == "W210"] == [
        f"adapter 'modbus' of package fieldgate {__version__} can't say what it advises: KeyError('baudrate')"
    ]


def test_an_endpoint_advises_where_it_stands_and_keeps_nobody_from_running_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = Authority(tmp_path).issue("gateway", days=3)
    tls = f"tls: {{cert: {cert.name}, key: {key.name}}}"
    (tmp_path / "good.yaml").write_text(
        f"version: 1\ngateway: {{id: a}}\nendpoints:\n  cloud: {{type: mqtt, url: mqtts://b, {tls}}}\n"
    )
    told = [each for each in load(tmp_path / "good.yaml", plugins.catalog(), {}).warnings if each.code == "W223"]
    assert [(each.place.line, "expires in 2 days" in each.message) for each in told] == [(4, True)]

    def advice(_config: object) -> None:
        raise KeyError("tls")

    monkeypatch.setattr(plugins.endpoint("mqtt"), "advice", advice)
    site = load(tmp_path / "good.yaml", plugins.catalog(), {})
    assert [each.message for each in site.warnings if each.code == "W210"] == [
        f"endpoint 'mqtt' of package fieldgate {__version__} can't say what it advises: KeyError('tls')"
    ]
