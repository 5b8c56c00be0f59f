"""Topics of the hub: properties survive whatever they hold, request ids are echoed as they stand."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub import devicebound, topics
from tests.support.iothub import bag

NAMES = st.text(min_size=1, max_size=20).filter(lambda name: name[0] not in "$?" and not name.startswith("iothub-"))
VALUES = st.text(max_size=40).filter(lambda text: text.isprintable())


@given(st.dictionaries(NAMES.filter(str.isprintable), VALUES, max_size=5))
def test_properties_arrive_as_they_were_and_hold_no_wildcard(properties: dict[str, str]) -> None:
    topic = topics.events("devices/box", properties.items())
    tail = topic.removeprefix("devices/box/messages/events/")
    assert not set(tail) & set("+#/ ?:")
    assert bag.decoded(tail).properties == properties


@given(st.dictionaries(NAMES, st.none() | st.text(max_size=40), max_size=5))
def test_what_the_hub_has_encoded_is_read_and_a_bare_name_is_empty(properties: dict[str, str | None]) -> None:
    told = topics.bag(bag.encoded(properties.items()))
    assert told == {name: value or "" for name, value in properties.items()}


@given(st.from_regex(r"[A-Za-z0-9%._~+-]{1,20}", fullmatch=True), st.integers(100, 999))
def test_the_request_id_of_a_method_is_echoed_as_it_stands(rid: str, status: int) -> None:
    called = topics.called(f"$iothub/methods/POST/write/?$rid={rid}")
    assert called == ("write", rid)
    assert called is not None
    assert topics.answer(status, called.rid) == f"$iothub/methods/res/{status}/?$rid={rid}"


def test_what_more_a_topic_of_a_method_may_say_is_passed_over() -> None:
    assert topics.called("$iothub/methods/POST/republish-birth/?$rid=a&$later=1") == ("republish-birth", "a")
    assert topics.called("$iothub/methods/POST/a%20b/?$rid=1f") == ("a b", "1f")


def test_a_method_that_can_not_be_answered_is_none() -> None:
    for topic in ("$iothub/methods/POST/", "$iothub/methods/POST/x/", "$iothub/methods/POST/x/?$rid=", "else"):
        assert topics.called(topic) is None


def test_a_command_takes_id_and_expiry_of_its_message_where_it_has_none() -> None:
    properties = {"$.mid": "m-1", "$.exp": "2026-11-23T09:02:00Z", "device": "boiler"}
    assert devicebound.asked(properties, b'{"read":["t"]}') == (
        "boiler",
        b'{"read":["t"],"id":"m-1","expires":"2026-11-23T09:02:00Z"}',
    )
    own = b'{"id":"c","read":["t"],"expires":"2026-01-01T00:00:00Z"}'
    assert devicebound.asked(properties, own) == ("boiler", own)
    assert devicebound.asked({}, b'{"read":["t"]}') == ("", b'{"read":["t"]}')


@given(st.binary(max_size=30))
def test_what_is_no_command_stays_as_it_is_for_the_router_to_refuse(body: bytes) -> None:
    if not body.lstrip().startswith(b"{"):
        assert devicebound.asked({"$.mid": "m"}, body) == ("", body)
