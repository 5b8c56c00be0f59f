"""What follows from files that have changed: which connection is renewed, with what, and what is said."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog
from typing_extensions import override

from gateway import plugins
from gateway.cli.course import Course
from gateway.cli.known import Known
from gateway.clock import WallClock
from gateway.config import Site, load
from gateway.devices import view_of
from gateway.endpoints.contract import Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.renewals import Renewals
from gateway.uplink import Uplink
from tests.support.authority import Authority
from tests.support.patience import HANG_S

SITE = """\
version: 1
gateway: {id: gw}
endpoints:
  cloud: {type: mqtt, url: "mqtts://127.0.0.1", username: me, password: "${secret:cloud}",
          tls: {ca: ca.pem, cert: tls/client.pem, key: tls/client.key}}
  other: {type: mqtt, url: "mqtt://127.0.0.1", username: me, password: "${file:other.txt}"}
"""


class Noted(Uplink):
    """Of which only is looked at what it is told."""

    def __init__(self, site: Site, name: str, state: Path) -> None:
        setup = site.endpoints[name]
        wall = WallClock("trusted", boot=0)
        view, identity = view_of(site, {}, setup.config), Identity("gw", name, ())
        super().__init__(identity, MqttEndpoint, setup.config, setup.outbox, state, view=view, wall=wall, memory={})
        self.renewed: list[str] = []

    @override
    def renew(self, reason: str) -> None:
        self.renewed.append(reason)

    @property
    def password(self) -> str:
        config: Any = self._config
        return str(config.password.get_secret_value())


class Rig:
    """A site on disk, and all that looks after its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tls", "authority", "state"):
            (folder / name).mkdir()
        self.authority = Authority(folder / "authority")
        self.write("ca.pem", self.authority.ca.read_text())
        self.issue()
        self.write("secrets.yaml", "cloud: first-one\n")
        self.write("other.txt", "second-one\n")
        self.write("gateway.yaml", SITE)
        state = folder / "state"
        path = folder / "gateway.yaml"
        site = load(path, plugins.catalog(), {}, Known(state))
        self.course = Course(path, site, Known(state))
        self.cloud, self.other = (Noted(site, name, state) for name in ("cloud", "other"))
        self.renewals = Renewals(site, [self.cloud, self.other], self.course.reread)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def issue(self, *parts: str) -> None:
        """A fresh certificate with its key, or one of them."""
        cert, key = self.authority.issue("client")
        for path, name in ((cert, "client.pem"), (key, "client.key")):
            if not parts or name in parts:
                self.write(f"tls/{name}", path.read_text())

    async def looked(self) -> Sequence[Mapping[str, Any]]:
        """What is logged by as many looks as a change needs."""
        with structlog.testing.capture_logs() as logs:
            for _ in range(3):
                await self.renewals.look()
        return logs

    @property
    def renewed(self) -> tuple[list[str], list[str]]:
        return self.cloud.renewed, self.other.renewed


@pytest.fixture
async def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    await rig.renewals.begin()
    assert await rig.looked() == []
    return rig


async def test_a_new_certificate_renews_the_connection_that_uses_it(rig: Rig) -> None:
    rig.issue()
    assert await rig.looked() == []
    assert rig.renewed == (["tls/client.key and tls/client.pem have changed"], [])
    assert rig.cloud.files_fault is None


async def test_a_certificate_is_not_taken_before_its_key_is_there(rig: Rig) -> None:
    rig.issue("client.pem")
    (told,) = await rig.looked()
    assert rig.renewed == ([], [])
    assert (told["log_level"], told["endpoint"], told["reason"]) == ("error", "cloud", "tls/client.pem has changed")
    assert rig.cloud.files_fault is not None
    assert rig.cloud.files_fault.startswith("tls/client.pem has changed, but can't be used: ")
    rig.issue()
    assert await rig.looked() == []
    assert rig.renewed == (["tls/client.key and tls/client.pem have changed"], [])
    assert rig.cloud.files_fault is None


@pytest.mark.parametrize("name", ["ca.pem", "tls/client.pem", "tls/client.key"])
async def test_half_a_file_is_not_taken(rig: Rig, name: str) -> None:
    whole = (rig.folder / name).read_text()
    rig.write(name, whole[: len(whole) // 2])
    assert len(await rig.looked()) == 1
    assert rig.renewed == ([], [])
    rig.write(name, whole)
    await rig.looked()
    assert rig.renewed == ([f"{name} has changed"], [])


async def test_a_new_secret_renews_the_connection_that_uses_it_with_it(rig: Rig) -> None:
    rig.write("secrets.yaml", "cloud: another-one\n")
    await rig.looked()
    assert rig.renewed == (["its secrets have changed"], [])
    assert (rig.cloud.password, rig.other.password) == ("another-one", "second-one")
    rig.write("other.txt", "a-third-one")
    await rig.looked()
    assert rig.renewed == (["its secrets have changed"], ["its secrets have changed"])
    assert rig.other.password == "a-third-one"


async def test_a_secret_and_a_certificate_that_change_together_are_one_renewal(rig: Rig) -> None:
    rig.issue()
    rig.write("secrets.yaml", "cloud: another-one\n")
    await rig.looked()
    assert rig.renewed == (["its secrets have changed; tls/client.key and tls/client.pem have changed"], [])


async def test_secrets_are_not_taken_from_a_configuration_that_nobody_has_reloaded(rig: Rig) -> None:
    rig.write("gateway.yaml", SITE.replace("id: gw", "id: other"))
    assert await rig.looked() == []
    rig.write("secrets.yaml", "cloud: another-one\n")
    (told,) = await rig.looked()
    assert told["reason"] == "the configuration has changed, too: reload it to use both"
    assert (rig.renewed, rig.cloud.password) == (([], []), "first-one")
    rig.write("gateway.yaml", SITE + "# a comment\n")
    assert await rig.looked() == []
    assert (rig.renewed, rig.cloud.password) == ((["its secrets have changed"], []), "another-one")


@pytest.mark.parametrize("broken", ["cloud: [\n", "clout: another-one\n", "cloud: 12\n", ""])
async def test_secrets_that_can_t_be_read_change_nothing(rig: Rig, broken: str) -> None:
    rig.write("secrets.yaml", broken)
    assert {told["log_level"] for told in await rig.looked()} == {"error"}
    assert (rig.renewed, rig.cloud.password) == (([], []), "first-one")
    rig.write("secrets.yaml", "cloud: another-one\n")
    assert await rig.looked() == []
    assert rig.cloud.password == "another-one"


async def test_a_secret_that_others_may_read_is_taken_once_they_may_not(rig: Rig) -> None:
    rig.write("secrets.yaml", "cloud: another-one\n")
    (rig.folder / "secrets.yaml").chmod(0o644)
    assert [told["code"] for told in await rig.looked()] == ["E154"]
    (rig.folder / "secrets.yaml").chmod(0o600)
    assert await rig.looked() == []
    assert rig.cloud.password == "another-one"


async def test_what_is_at_work_next_has_the_new_secrets_too(rig: Rig) -> None:
    rig.write("secrets.yaml", "cloud: another-one\n")
    await rig.looked()
    rig.course.renew()
    rig.course.begin()
    config: Any = rig.course.site.endpoints["cloud"].config
    assert config.password.get_secret_value() == "another-one"


async def test_a_secret_that_changed_between_reading_and_watching_is_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.write("secrets.yaml", "cloud: another-one\n")
    await rig.renewals.begin()
    await rig.looked()
    assert rig.cloud.password == "another-one"


@pytest.mark.parametrize("defect", [RuntimeError("oops"), KeyError("x")])
async def test_an_endpoint_s_defect_costs_its_renewal_only(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, defect: Exception
) -> None:
    def fail(*_: object) -> None:
        raise defect

    monkeypatch.setattr(type(rig.cloud._config), "try_files", fail)
    rig.issue()
    assert [told["log_level"] for told in await rig.looked()] == ["error"]
    assert rig.renewed == ([], [])


async def test_it_looks_by_itself(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = asyncio.Event()
    monkeypatch.setattr("gateway.renewals.LOOK_S", 0.001)
    monkeypatch.setattr(rig.cloud, "renew", lambda _: renewed.set())
    rig.issue()
    task = asyncio.create_task(rig.renewals.run())
    async with asyncio.timeout(HANG_S):
        await renewed.wait()
    task.cancel()
    await asyncio.wait([task])


async def test_what_may_not_last_is_told_again_and_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    told: asyncio.Queue[None] = asyncio.Queue()
    monkeypatch.setattr("gateway.renewals.LOOK_S", 0.001)
    monkeypatch.setattr("gateway.renewals.ADVICE_S", 0.01)
    monkeypatch.setattr(rig.cloud, "advise", lambda: told.put(None))
    task = asyncio.create_task(rig.renewals.run())
    async with asyncio.timeout(HANG_S):
        for _ in range(3):
            await told.get()
    task.cancel()
    await asyncio.wait([task])
