"""Who a gateway is at a hub: connection strings, names, what follows from them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub import hubid
from gateway.endpoints.azure_iot_hub.hubid import HubIdentity, identity_in
from tests.support.iothub import access

KEY = "aHVudGVyMg=="
HOST = "mill.azure-devices.net"

HOSTS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,40}[A-Za-z0-9])?(\.[A-Za-z][A-Za-z0-9]{0,20}){1,4}", fullmatch=True)
IDS = st.from_regex(r"[A-Za-z0-9\-:.%_*?!(),=@$']{1,128}", fullmatch=True)


@given(
    HOSTS,
    IDS,
    st.none() | IDS,
    st.none() | st.binary(min_size=1).map(lambda raw: base64.b64encode(raw).decode()),
)
def test_what_the_portal_shows_is_read_whatever_its_order_and_letters(
    host: str, device: str, module: str | None, key: str | None
) -> None:
    """A key may end in =, an id hold one."""
    parts = [f"HostName={host}", f"DeviceId={device}"]
    parts += [f"ModuleId={module}"] if module else []
    parts += ["x509=true"] if key is None else [f"SharedAccessKey={key}"]
    told = HubIdentity(host, device, module, () if key is None else (key,))
    assert identity_in(";".join(parts)) == told
    swapped = [each.partition("=")[0].upper() + "=" + each.partition("=")[2] for each in reversed(parts)]
    assert identity_in(" ; ".join(swapped) + ";\n") == told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no HostName"),
        ("hunter2", "not a device's connection string"),
        (f"HostName={HOST};DeviceId=box;AccountKey={KEY}", "not a device's connection string"),
        (f"HostName={HOST};SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}", "opens the whole hub"),
        (f"HostName={HOST};DeviceId=box;SharedAccessKey={KEY};GatewayHostName=edge", "IoT Edge"),
        (f"HostName={HOST};SharedAccessKey={KEY}", "no DeviceId"),
        (f"HostName=;DeviceId=box;SharedAccessKey={KEY}", "no HostName"),
        (f"HostName={HOST};DeviceId=box", "either SharedAccessKey"),
        (f"HostName={HOST};DeviceId=box;SharedAccessKey=", "not base64"),
        (f"HostName={HOST};DeviceId=box;SharedAccessKey={KEY[:-1]}", "not base64"),
        (f"HostName={HOST};DeviceId=box;SharedAccessKey={KEY};SharedAccessKey={KEY}", "SharedAccessKey stands"),
        (f"HostName={HOST};DeviceId=box;SharedAccessKey={KEY};x509=true", "either SharedAccessKey"),
        (f"HostName={HOST};DeviceId=box;x509=yes", "x509 is true or false"),
        (f"HostName=https://{HOST};DeviceId=box;SharedAccessKey={KEY}", "full host name alone"),
        (f"HostName={HOST};DeviceId=a/b;SharedAccessKey={KEY}", r"with / in it can't go over MQTT"),
        (f"HostName={HOST};DeviceId=a b;SharedAccessKey={KEY}", "1 to 128 of"),
        (f"HostName={HOST};DeviceId=box;ModuleId=;SharedAccessKey={KEY}", "a module id has"),
    ],
)
def test_what_opens_no_hub_is_said_without_showing_a_key(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as told:
        identity_in(text)
    assert KEY[:-2] not in str(told.value)
    assert "hunter" not in str(told.value)


@given(st.text(max_size=60))
def test_nothing_of_a_wrong_connection_string_is_shown(text: str) -> None:
    secret = "0815-hunter"
    with pytest.raises(ValueError, match="connection string") as told:
        identity_in(f"{text};SharedAccessKey={secret};{text}")
    assert secret not in str(told.value)


@pytest.mark.parametrize(
    "host", [HOST, "mill.azure-devices.cn", "m.azure-devices.us", "localhost", "10x.net", "a" * 63]
)
def test_hosts_of_all_clouds_are_names(host: str) -> None:
    assert hubid.checked_host(host) == host


@pytest.mark.parametrize(
    "host",
    ["", "10.0.0.5", "::1", "a:8883", "a/", "-a.net", "a-.net", "a..net", ".net", "a.net.", "a b", "a" * 64, "ä.net"],
)
def test_what_no_hub_is_called_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="full host name alone"):
        hubid.checked_host(host)


@pytest.mark.parametrize("character", "+#/")
def test_an_id_that_would_mean_something_in_a_topic_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match=r"can't go over MQTT - register"):
        hubid.checked_id(f"mill{character}3")


@given(HOSTS, IDS, st.none() | IDS)
def test_login_and_resource_hold_the_ids_as_they_are(host: str, device: str, module: str | None) -> None:
    box = HubIdentity(host, device, module, (KEY,))
    assert box.client_id == (f"{device}/{module}" if module else device)
    assert box.username == f"{host}/{box.client_id}/?api-version=2021-04-12&DeviceClientType=fieldgate"
    resource = f"{host}/devices/{device}" + (f"/modules/{module}" if module else "")
    assert access.token(box.password(0, 7)).resource == resource
    if "?" not in device and module is None:
        assert access.username(box.username).device == device


def test_each_key_in_turn_makes_the_token_and_neither_is_shown() -> None:
    box = HubIdentity(HOST, "box", keys=(KEY, "AAAA"))
    assert [access.token(box.password(number, 7)).is_signed_with(["AAAA"]) for number in range(4)] == [False, True] * 2
    assert KEY not in repr(box)
    assert HubIdentity(HOST, "box").password(0, 7) is None
