"""A search with a radio as a person meets it: who is heard, what it says, what to paste."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from gateway import plugins
from gateway.adapter import Progress, Rejected
from gateway.cli.scan import radios
from tests.cli.api import Api, Said, Stream

Verb = Callable[..., Said]

SCAN = "POST /v1/links/hall/scan"
ROOM: dict[str, Any] = {
    "address": "A4:C1:38:56:53:84", "address_type": "public", "name": "Cold room", "rssi": -61, "best_rssi": -58,
    "adverts": 9, "period_s": 1.1, "decoder": "bthome", "values": {"temperature": {"value": 3.5, "unit": "°C"}},
    "services": {"fcd2": "400c"},
    "config": {"address": "A4:C1:38:56:53:84", "decoder": "bthome", "points": {"temperature": {}, "rssi": {}}},
}  # fmt: skip
DOOR: dict[str, Any] = {
    "address": "11:22:33:44:55:06", "rssi": -70, "best_rssi": -70, "adverts": 1, "decoder": "xiaomi",
    "refusal": "encrypted", "detail": "it is encrypted", "encrypted": True, "key": "32 hex digits",
    "config": {"address": "11:22:33:44:55:06", "decoder": "xiaomi"},
}  # fmt: skip
TANK: dict[str, Any] = {
    "address": "C0:98:E5:00:00:07", "rssi": -80, "best_rssi": -80, "adverts": 2,
    "manufacturer": {"0x0499": {"company": "Ruuvi", "data": "4c0102"}},
    "config": {
        "address": "C0:98:E5:00:00:07",
        "data": {"manufacturer": 0x0499, "length": 3},
        "points": {"bytes": {"at": 0, "type": "bytes", "length": 3}},
    },
}  # fmt: skip
PHONE: dict[str, Any] = {
    "address": "5A:00:00:00:00:01", "rssi": -50, "best_rssi": -50, "adverts": 2,
    "notes": ["its address changes"],
}  # fmt: skip
KNOWN = {name: value for name, value in ROOM.items() if name != "config"}
BEGUN = {"done": 0, "total": 10, "left_s": 10.0}
DONE = {"command": "local-1", "status": "done", "found": [{**KNOWN, "device": "room"}, DOOR, TANK, PHONE]}


@pytest.fixture(autouse=True)
def links(api: Api) -> None:
    api.tell("GET /v1/links", {"links": {"hall": {"adapter": "ble", "holds": None}, "plc": {"adapter": "modbus"}}})


class Searched:
    """An adapter's search without a gateway; `given` is what it was asked."""

    def __init__(self, *found: Mapping[str, Any], refusal: Rejected | None = None) -> None:
        self.given: list[Any] = []
        self._found = found
        self._refusal = refusal

    async def __call__(self, link: Any, _devices: Any, options: Any, tell: Callable[[Progress], None]) -> Any:
        self.given.append((link, options))
        tell(Progress(0, 10, 10.0))
        if self._refusal is not None:
            raise self._refusal
        return list(self._found)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Searched]:
    """Nobody runs here, and the radio hears this."""

    def searched(*found: Mapping[str, Any], refusal: Rejected | None = None) -> Searched:
        search = Searched(*found, refusal=refusal)
        monkeypatch.setattr(radios, "running", lambda _where: None)
        monkeypatch.setattr(plugins.adapter("ble"), "survey", search)
        return search

    return searched


def test_who_is_heard_on_a_link_is_listed_with_what_to_paste(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, DONE]))

    said = verb("scan", "ble", "hall", "--listen", "10s", "--address", "AA:BB:CC:DD:EE:FF")

    assert (said.code, said.err) == (0, "listening on hall for 10 s; nothing is written\n")
    assert said.out.splitlines()[:4] == [
        "A4:C1:38:56:53:84\t-58\troom\tCold room\tbthome\ttemperature 3.5 °C",
        "11:22:33:44:55:06\t-70\t\t\txiaomi\tencrypted: it wants a key of 32 hex digits",
        "C0:98:E5:00:00:07\t-80\t\t\t\t0x0499 Ruuvi: 4c0102",
        "5A:00:00:00:00:01\t-50\t\t\t\tits address changes",
    ]
    assert '# encrypted: add key: "${secret:ble-445506-key}", 32 hex digits' in said.out
    pasted = yaml.safe_load(said.out[said.out.index("# into devices") :])
    assert list(pasted) == ["ble-445506", "ble-000007"]
    assert pasted["ble-445506"] == {"link": "hall", **DOOR["config"]}
    assert pasted["ble-000007"] == {"link": "hall", **TANK["config"]}
    assert "manufacturer: 0x0499" in said.out
    assert api.posted()[-1].body == {"listen": "10s", "address": "AA:BB:CC:DD:EE:FF"}


def test_without_a_link_the_only_one_of_the_gateway_is_meant(api: Api, verb: Verb) -> None:
    api.tell(SCAN, Stream([BEGUN, DONE]))

    said = verb("scan", "ble", "--json")

    assert (said.code, said.json["link"], said.json["complete"]) == (0, "hall", True)
    assert said.json["found"] == DONE["found"]


def test_of_several_links_one_must_be_named(api: Api, verb: Verb) -> None:
    api.tell("GET /v1/links", {"links": {"hall": {"adapter": "ble"}, "yard": {"adapter": "ble"}}})

    said = verb("scan", "ble")

    assert said.code == 2
    assert "there are several links with a radio, hall, yard: name one" in said.err


def test_a_link_of_another_kind_is_none_to_listen_on(verb: Verb) -> None:
    said = verb("scan", "ble", "plc")
    assert said.code == 2
    assert "plc is no ble link" in said.err


def test_a_link_and_a_radio_are_one_too_many(verb: Verb) -> None:
    assert verb("scan", "ble", "hall", "--radio", "hci0").code == 2


def test_without_a_gateway_and_a_configuration_the_only_radio_listens(
    verb: Verb, alone: Callable[..., Searched]
) -> None:
    search = alone(ROOM)

    said = verb("scan", "ble")

    assert (said.code, said.err) == (0, "listening on bluetooth for 10 s; nothing is written\n")
    assert [(link.radio, options) for link, options in search.given] == [(None, {})]
    link, devices = said.out.split("# into links:\n")[1].split("\n# into devices")
    assert yaml.safe_load(link) == {"radio": {"adapter": "ble"}}
    assert yaml.safe_load(f"#{devices}") == {"cold-room": {"link": "radio", **ROOM["config"]}}


def test_a_radio_may_be_named_beside_a_gateway(verb: Verb, alone: Callable[..., Searched]) -> None:
    search = alone(ROOM)

    said = verb("scan", "ble", "--radio", "00:1a:7d:da:71:13", "--bus", "unix:path=/tmp/bus", "--listen", "1s")

    ((link, options),) = search.given
    assert (link.radio, link.bus, options) == ("00:1A:7D:DA:71:13", "unix:path=/tmp/bus", {"listen": "1s"})
    assert 'radio: {adapter: ble, radio: "00:1a:7d:da:71:13", bus: "unix:path=/tmp/bus"}' in said.out


def test_what_is_no_radio_is_told_before_anything_is_opened(verb: Verb, alone: Callable[..., Searched]) -> None:
    search = alone()

    said = verb("scan", "ble", "--radio", "usb0")

    assert (said.code, search.given) == (2, [])
    assert '"usb0" is no radio' in said.err


def test_where_nothing_is_heard_the_exit_code_says_so(verb: Verb, alone: Callable[..., Searched]) -> None:
    alone()
    said = verb("scan", "ble")
    assert (said.code, said.out) == (4, "")


def test_without_a_radio_the_reason_is_told(verb: Verb, alone: Callable[..., Searched]) -> None:
    alone(refusal=Rejected("no-link", "there is no Bluetooth radio"))
    said = verb("scan", "ble")
    assert said.code == 4
    assert "bluetooth: rejected, no-link: there is no Bluetooth radio" in said.err


def test_two_devices_of_one_name_get_two_ids(verb: Verb, alone: Callable[..., Searched]) -> None:
    twin = {**ROOM, "address": "A4:C1:38:00:00:01", "config": {**ROOM["config"], "address": "A4:C1:38:00:00:01"}}
    alone(ROOM, twin)
    said = verb("scan", "ble")
    assert list(yaml.safe_load(said.out[said.out.index("# into devices") :])) == ["cold-room", "cold-room-000001"]
