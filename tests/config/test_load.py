"""What a site holds once its configuration is read."""

import os
import time
from pathlib import Path

import pytest

from gateway.config import ConfigError, Site, load
from gateway.config.stamp import stamp_of
from tests.config.catalog import CATALOG, BusDevice, CloudConfig, HubConfig

HEAD = "version: 1\ngateway: {id: mill-3}\n"
LINK = "links: {plc: {adapter: bus, host: a}}\n"
POINT = "{t: {type: bool, address: 1}}"


def site(folder: Path, text: str, **environ: str) -> Site:
    (folder / "gateway.yaml").write_text(text)
    return load(folder / "gateway.yaml", CATALOG, environ)


def test_an_endpoint_takes_what_it_does_not_say_from_the_outbox_section(tmp_path: Path) -> None:
    outbox = "outbox: {max_age: 2d, max_size: 8MiB}\n"
    found = site(tmp_path, HEAD + outbox + "endpoints: {a: {type: cloud, url: x, outbox: {max_size: 16MiB}}}\n")

    assert (found.endpoints["a"].outbox.max_age, found.endpoints["a"].outbox.max_size) == (2 * 86400, 2 * 8 * 1024**2)


def test_every_link_is_there_with_its_own_devices_in_the_order_of_the_file(tmp_path: Path) -> None:
    links = "links: {b: {adapter: bus, host: x}, a: {adapter: bus, host: y}}\n"
    devices = f"devices: {{z: {{link: b, points: {POINT}}}, y: {{link: b, points: {POINT}}}}}\n"
    found = site(tmp_path, HEAD + links + devices)

    assert {name: list(link.devices) for name, link in found.links.items()} == {"b": ["z", "y"], "a": []}
    assert isinstance(found.links["b"].devices["z"], BusDevice)


def test_a_reference_is_read_as_its_field_wants_it(tmp_path: Path) -> None:
    text = 'type: cloud, url: "${env:U}", protocol: "${env:P}", commands: "${env:C}", username: "${env:U}"'
    config = site(tmp_path, f"{HEAD}endpoints: {{a: {{{text}}}}}", U="0815", P="5", C="false").endpoints["a"].config

    assert isinstance(config, CloudConfig)
    assert (config.url, config.protocol, config.commands, config.username) == ("0815", 5, False, "0815")


def test_an_escaped_reference_is_text(tmp_path: Path) -> None:
    found = site(tmp_path, HEAD.replace("mill-3", 'mill-3, description: "a $${env:X} b"'))

    assert found.gateway.description == "a ${env:X} b"


@pytest.mark.parametrize(("secret", "environ", "known"), [
    ("secret:hub", {}, ["secrets.yaml"]),
    ("secret:hub", {"CREDENTIALS_DIRECTORY": "creds"}, ["creds/hub"]),
    ("file:creds/hub", {}, ["creds/hub"]),
    ("env:U", {"U": "hunter2"}, []),
])  # fmt: skip
def test_it_is_known_which_files_secrets_came_from(
    tmp_path: Path, secret: str, environ: dict[str, str], known: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "creds").mkdir()
    for name, text in {"secrets.yaml": "hub: hunter2\n", "creds/hub": "hunter3\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    found = site(Path(), f'{HEAD}endpoints: {{h: {{type: hub, connection_string: "${{{secret}}}"}}}}', **environ)
    assert found.secret_files == {Path(name): stamp_of(Path(name)) for name in known}


@pytest.mark.parametrize(("files", "environ"), [
    ({"secrets.yaml": "hub: hunter2\n"}, {}),
    ({"creds/hub": "hunter2\n"}, {"CREDENTIALS_DIRECTORY": "creds"}),
    ({"creds/secrets_hub": "hunter2"}, {"CREDENTIALS_DIRECTORY": "creds"}),
])  # fmt: skip
def test_a_secret_reaches_its_field_and_nothing_else(
    tmp_path: Path, files: dict[str, str], environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)

    found = site(tmp_path, HEAD + 'endpoints: {a: {type: hub, connection_string: "${secret:hub}"}}\n', **environ)

    config = found.endpoints["a"].config
    assert isinstance(config, HubConfig)
    assert config.connection_string.get_secret_value() == "hunter2"
    assert found.secrets == ("hunter2",)
    assert "hunter2" not in repr(found)


def test_a_literal_secret_is_known_as_one(tmp_path: Path) -> None:
    found = site(tmp_path, HEAD + "endpoints: {a: {type: hub, connection_string: hunter2}}\n")

    assert found.secrets == ("hunter2",)
    assert [warning.code for warning in found.warnings] == ["W205", "W203"]


def test_the_hash_does_not_depend_on_layout_order_or_secrets(tmp_path: Path) -> None:
    hub = "endpoints: {{a: {{type: hub, connection_string: '{}'}}, b: {{type: cloud, url: x}}}}\n"
    turned = "endpoints:\n  b: {{url: x, type: cloud}}\n  a:\n    connection_string: {}\n    type: hub # text\n"

    one = site(tmp_path, HEAD + hub.format("secret-1")).config_hash
    other = site(tmp_path, HEAD + turned.format("secret-2")).config_hash

    assert one == other
    assert len(one) == 16


def test_the_hash_follows_the_content_even_from_outside(tmp_path: Path) -> None:
    text = HEAD + 'endpoints: {a: {type: cloud, url: "${env:U}"}}\n'

    hashes = {site(tmp_path, text, U="x").config_hash, site(tmp_path, text, U="y").config_hash}

    assert len(hashes | {site(tmp_path, text.replace("mill-3", "mill-4"), U="x").config_hash}) == 3


def test_files_name_the_main_file_first(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(LINK)
    (tmp_path / "a.yaml").write_text(f"devices: {{d: {{link: plc, points: {POINT}}}}}\n")

    found = site(tmp_path, "include: ['?.yaml']\n" + HEAD)

    assert [path.name for path in found.files] == ["gateway.yaml", "a.yaml", "b.yaml"]
    assert found.directory == tmp_path


def test_a_directory_in_place_of_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="E100"):
        load(tmp_path, CATALOG, {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").touch(0o000)

    with pytest.raises(ConfigError, match=r"E100.*Permission denied"):
        load(tmp_path / "gateway.yaml", CATALOG, {})


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"E100.*larger than 8 MiB"):
        site(tmp_path, HEAD + "#" * (8 * 8 * 1024**2))


def test_ten_times_the_devices_take_no_hundred_times_the_time_to_load(tmp_path: Path) -> None:
    points = "".join(f"      p{n}: {{type: float32, address: {n}, unit: C, range: [-40, 150]}}\n" for n in range(5))

    def load_s(count: int) -> float:
        devices = "".join(f"  d{n}:\n    link: plc\n    every: 1s\n    points:\n{points}" for n in range(count))
        started = time.process_time()
        found = site(tmp_path, HEAD + LINK + "devices:\n" + devices)
        assert len(found.links["plc"].devices) == count
        return time.process_time() - started

    load_s(1)
    assert load_s(400) < 35 * load_s(40)
