"""`fieldgate enrol` and `fieldgate identity`, with a server of device provisioning that enforces the contract."""

import json
import os
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway import plugins
from gateway.cli.state import owned
from gateway.endpoints.azure_iot_hub.dps import registration
from tests.cli.api import Said, Verbs
from tests.support.authority import Authority
from tests.support.iothub import Dps, IotHub
from tests.support.iothub.dps import SCOPE

SITE = """version: 1
gateway: {{id: mill-3}}
endpoints:
  local: {{type: mqtt, url: "mqtt://broker.example"}}
  cloud: {cloud}
  {more}
links: {{plc: {{adapter: modbus, host: 10.0.0.1}}}}
devices: {{boiler: {{link: plc, points: {{temp: {{type: int16, address: 1}}}}}}}}
"""

TOLD = {
    "hub": "box-hub.example",
    "device": "box-7",
    "id scope": SCOPE,
    "registration": "box",
    "proof": "key, tokens for 1h",
}


class Box(NamedTuple):
    """A site with a far end that hands out identities, and verbs in its folder."""

    here: Verbs
    folder: Path
    dps: Dps

    def cloud(self, registration_id: str = "box") -> str:
        """The endpoint, in YAML's short form, which is JSON."""
        dps = {
            "id_scope": SCOPE,
            "registration_id": registration_id,
            "group_key": "${secret:group}",
            "host": "localhost",
            "port": self.dps.port,
        }
        return json.dumps({"type": "azure-iot-hub", "tls": {"ca": str(self.dps.ca)}, "dps": dps})

    def write(self, cloud: str | None = None, more: str = "") -> None:
        (self.folder / "gateway.yaml").write_text(SITE.format(cloud=cloud or self.cloud(), more=more))

    def __call__(self, *arguments: str) -> Said:
        return self.here(*arguments, "--state-dir", str(self.state), cwd=self.folder)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def kept(self) -> Any:
        return json.loads((self.state / "endpoints.json").read_bytes())


@pytest.fixture
def box(tmp_path: Path, here: Verbs, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    real = metadata.entry_points

    def entry_points(group: str) -> EntryPoints:
        azure = EntryPoint("azure-iot-hub", "gateway.endpoints.azure_iot_hub:AzureIotHubEndpoint", group)
        return EntryPoints([*real(group=group), *([azure] if group == plugins.ENDPOINTS else [])])

    monkeypatch.setattr(plugins, "entry_points", entry_points)
    monkeypatch.setattr(registration, "PAUSE_S", 0.0)
    plugins.installed.cache_clear()
    authority = Authority(tmp_path)
    with Dps(authority, IotHub(authority, "box-hub.example")) as dps:
        dps.enrol("box", device_id="box-7")
        secrets = tmp_path / "secrets.yaml"
        secrets.write_text(f"group: {dps.group_key}\n")
        secrets.chmod(0o600)
        box = Box(here, tmp_path, dps)
        box.write()
        yield box
    plugins.installed.cache_clear()


def test_an_identity_is_got_kept_and_shown(box: Box) -> None:
    said = box("enrol")

    head, *facts = said.out.splitlines()
    assert (said.code, head) == (0, "cloud: enrolled")
    assert dict(fact.split("\t") for fact in facts).items() >= TOLD.items()
    assert box.kept["cloud"]["assignment"]["device_id"] == "box-7"
    assert {f"cloud\t{fact}" for fact in facts} <= set(box("identity").out.splitlines())
    assert box.dps.violations == []


def test_who_is_enrolled_is_not_asked_for_again_unless_told_to(box: Box) -> None:
    box("enrol")
    again = box("enrol", "cloud", "--json")

    told = json.loads(again.out)
    assert told.pop("known_as").items() >= TOLD.items()
    assert told == {"schema": 1, "endpoint": "cloud", "type": "azure-iot-hub", "new": False}
    assert box.dps.enrollments["box"].registered == 1
    assert box("enrol", "--anew").out.startswith("cloud: enrolled\n")
    assert box.dps.enrollments["box"].registered == 2


def test_another_registration_is_another_identity(box: Box) -> None:
    box("enrol")
    box.dps.enrol("other")
    box.write(box.cloud("other"))

    assert "\nhub\tbox-hub.example\ndevice\tother\n" in box("enrol").out


def test_what_other_endpoints_know_is_kept(box: Box) -> None:
    box.state.mkdir()
    (box.state / "endpoints.json").write_text('{"old":{"a":1},"cloud":{"twin":{"b":2}}}')
    box("enrol")

    assert box.kept["old"] == {"a": 1}
    assert set(box.kept["cloud"]) == {"twin", "assignment"}


def test_nothing_is_got_while_a_gateway_runs_but_what_is_known_is_told(box: Box) -> None:
    with owned(box.state):
        refused = box("enrol")
    assert refused.code == 2
    assert "stop it or give another --state-dir; a gateway that runs enrols by itself" in refused.err
    assert box.dps.connections == 0
    box("enrol")
    with owned(box.state):
        assert box("enrol").code == 0
        assert box("identity").code == 0


def test_a_refusal_is_6_and_says_what_to_look_at(box: Box) -> None:
    box.write(box.cloud("stranger"))
    refused = box("enrol")

    assert refused.code == 6
    assert "fieldgate: cloud: device provisioning refuses us" in refused.err
    assert "check id_scope, registration_id, the key" in refused.err
    assert not (box.state / "endpoints.json").exists()


def test_a_disabled_enrollment_and_a_service_that_is_away_are_6_too(box: Box) -> None:
    box.dps.enrollments["box"].status = "disabled"
    assert box("enrol").err == "fieldgate: cloud: device provisioning: the enrollment is disabled; enable it there\n"
    box.dps.stop()
    away = box("enrol")
    assert (away.code, "can't connect" in away.err) == (6, True)


@pytest.mark.parametrize(
    ("arguments", "more", "why"),
    [
        (("local",), "", "local is not told who it is"),
        (("clout",), "", "did you mean 'cloud'?"),
        ((), "two", "which endpoint? there are cloud, two"),
        ((), "none", "no endpoint here is told who it is"),
    ],
)
def test_an_endpoint_that_cannot_be_meant_is_2(box: Box, arguments: tuple[str, ...], more: str, why: str) -> None:
    if more == "two":
        box.write(more=f"two: {box.cloud('box2')}")
    elif more == "none":
        box.write('{type: mqtt, url: "mqtt://other.example"}')
    refused = box("enrol", *arguments)

    assert (refused.code, why in refused.err) == (2, True), refused


def test_what_cannot_be_kept_is_said(box: Box) -> None:
    (box.state / "endpoints.new").mkdir(parents=True)
    refused = box("enrol")

    assert refused.code == 1
    assert "cloud is enrolled, but that can't be kept in" in refused.err


def test_a_configuration_with_errors_is_3(box: Box) -> None:
    box.write("{type: azure-iot-hub, dsp: {}}")

    assert box("enrol").code == box("identity").code == 3


def test_the_identity_of_every_endpoint_is_shown_without_asking_anybody(box: Box) -> None:
    told = json.loads(box("identity", "--json").out)["endpoints"]

    assert told["cloud"]["enrolled"] is False
    assert told["cloud"]["known_as"]["hub"] == "not assigned yet"
    assert told["local"]["enrolled"] is None
    assert told["local"]["known_as"]
    assert "cloud\tenrolled\tnot told yet: by `fieldgate enrol cloud`" in box("identity").out
    assert not box.state.exists()
    assert box.dps.connections == 0


def test_a_memory_that_cannot_be_read_is_said_and_no_obstacle(box: Box) -> None:
    box.state.mkdir()
    (box.state / "endpoints.json").write_text("{")
    told = box("identity")

    assert told.code == 0
    assert "endpoints.json can't be read" in told.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_state_directory_of_somebody_else_is_7(box: Box) -> None:
    box.state.mkdir()
    (box.state / "endpoints.json").write_text("{}")
    (box.state / "endpoints.json").chmod(0)

    assert box("identity").code == 7


def test_without_endpoints_nobody_knows_the_gateway(box: Box) -> None:
    (box.folder / "gateway.yaml").write_text("version: 1\ngateway: {id: mill-3}\n")

    assert "nobody knows this gateway" in box("identity").err
