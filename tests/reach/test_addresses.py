"""What a URL says."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints.reach.address import SCHEMES, Address, Proxy, address_of, proxy_of
from tests.support.examples import examples


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mqtt://b", Address("b", 1883, secure=False)),
        ("mqtts://b.example/", Address("b.example", 8883, secure=True)),
        ("mqtts://[2001:db8::1]:443", Address("2001:db8::1", 443, secure=True)),
        ("ws://b", Address("b", 80, secure=False, path="/mqtt")),
        ("ws://b/", Address("b", 80, secure=False, path="/")),
        ("wss://b/$iothub/websocket?x=1", Address("b", 443, secure=True, path="/$iothub/websocket?x=1")),
    ],
)
def test_a_url_names_host_port_tls_and_path(url: str, address: Address) -> None:
    assert address_of(url) == address


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://b", "must be mqtt://host"),
        ("mqtt://", "must be mqtt://host"),
        ("mqtt://b:0", "must end after the port"),
        ("mqtt://b/path", "must end after the port"),
        ("wss://b/p#f", "must end after the port"),
        ("mqtt://b:70000", "not a broker's address"),
        ("mqtt://me:secret@b", "put the login"),
        ("mqtt://b:port", "no number up to 65535 - or is that a login"),
        ("mqtts://a..b", "as its host can be none"),
        ("mqtts://" + "a" * 64, "as its host can be none"),
        ("ws://ü..de", "as its host can be none"),
        ("mqtt://" + "x." * 128 + "de", "as its host can be none"),
        ("wss://b/a b", "a space"),
        ("wss://b/a\nb", "a space"),
    ],
)
def test_a_url_that_is_none_is_refused_with_a_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        address_of(url)


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://p:3128", Proxy(is_socks=False, host="p", port=3128)),
        ("socks5://p", Proxy(is_socks=True, host="p", port=1080)),
        ("socks5h://[::1]:9", Proxy(is_socks=True, host="::1", port=9)),
    ],
)
def test_a_proxy_is_one_of_two_kinds(url: str, proxy: Proxy) -> None:
    assert proxy_of(url) == proxy


@given(st.text(max_size=40))
def test_no_text_is_more_than_refused(text: str) -> None:
    for read in (address_of, proxy_of):
        with suppress(ValueError):
            assert read(text).port


@settings(max_examples=examples(30))
@given(
    st.sampled_from(sorted(SCHEMES)),
    st.ip_addresses(v=6).map(str) | st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z]{2,5})?", fullmatch=True),
    st.integers(1, 65535),
)
def test_a_url_reads_back_as_it_was_put_together(scheme: str, host: str, port: int) -> None:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    assert str(address_of(f"{scheme}://{shown}")) == shown
