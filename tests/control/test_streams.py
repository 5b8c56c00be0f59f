"""Answers that go on."""

import asyncio
import json

import pytest

from gateway.control import connection, streams
from gateway.latest import WATCHED
from gateway.model import Bad, BadReason
from tests.control.setup import COLD, FAST, SLOW, Api, sample
from tests.outbox.setup import until

AT = "2025-11-23T09:01:02.345Z"
WARM = {"device": "boiler", "time": AT, "values": {"flow_temp": 71.5, "pump": True}}


async def test_samples_begin_with_what_is_known_a_line_per_group(api: Api) -> None:
    api.house.latest.put(sample(FAST, 70.0, True))
    api.house.latest.put(sample(FAST, 71.5, True))
    api.house.latest.put(sample(SLOW, "auto"))

    async with api.stream("/v1/samples") as lines:
        assert await lines.next() == WARM
        assert await lines.next() == {"device": "boiler", "time": AT, "values": {"mode": "auto"}}


async def test_samples_go_on_as_they_come(api: Api) -> None:
    async with api.stream("/v1/samples") as lines:
        api.house.latest.put(sample(FAST, 71.5, True))
        assert await lines.next() == WARM
        api.house.latest.put(sample(FAST, None, False, flow_temp=Bad(BadReason.OUT_OF_RANGE, 151.2)))
        assert await lines.next() == {
            "device": "boiler",
            "time": AT,
            "values": {"pump": False},
            "bad": {"flow_temp": {"reason": "out-of-range", "value": 151.2}},
        }


async def test_samples_of_one_device_are_its_own(api: Api) -> None:
    for value in (4.5, 5.5):
        api.house.latest.put(sample(COLD, 4.0))
        async with api.stream("/v1/samples?device=cold-room") as lines:
            await lines.next()
            api.house.latest.put(sample(FAST, 71.5, True))
            api.house.latest.put(sample(COLD, value))
            assert (await lines.next())["values"] == {"temp": value}


async def test_samples_that_come_together_are_written_together(api: Api) -> None:
    async with api.stream("/v1/samples") as lines:
        for _ in range(50):
            api.house.latest.put(sample(FAST, 71.5, True))
        assert len((await lines.chunk()).splitlines()) == 50


async def test_who_does_not_keep_up_is_told_what_is_left_out(api: Api) -> None:
    async with api.stream("/v1/samples") as lines:
        for number in range(WATCHED + 7):
            api.house.latest.put(sample(FAST, float(number), True))
        assert await lines.next() == {"missed": 7}
        assert (await lines.next())["values"]["flow_temp"] == 7.0
        for _ in range(WATCHED - 1):
            await lines.next()
        api.house.latest.put(sample(FAST, 71.5, True))
        assert await lines.next() == WARM


async def test_frames_show_what_goes_over_every_link_that_can_show_it(api: Api) -> None:
    async with api.stream("/v1/frames") as lines:
        for direction, data in (("tx", b"\x01\x03\x00"), ("rx", b"\x01\x83\x02")):
            api.house.taps["plc"][0](direction, data)  # type: ignore[arg-type]
        sent, received = await lines.next(), await lines.next()

    assert [(line["link"], line["direction"], line["data"]) for line in (sent, received)] == [
        ("plc", "tx", "010300"),
        ("plc", "rx", "018302"),
    ]


async def test_frames_that_come_too_fast_are_counted(api: Api) -> None:
    async with api.stream("/v1/frames?link=plc") as lines:
        for number in range(streams.FRAMES + 5):
            api.house.taps["plc"][0]("tx", number.to_bytes(2, "big"))
        assert await lines.next() == {"missed": 5}
        assert (await lines.next())["data"] == "0005"


async def test_a_client_that_goes_is_forgotten(api: Api) -> None:
    async with api.stream("/v1/frames"), api.stream("/v1/samples"):
        await until(lambda: bool(api.house.taps["plc"] and api.house.latest._watches))

    await until(lambda: not api.house.taps["plc"] and not api.house.latest._watches)


async def test_there_are_only_so_many_streams_and_all_else_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 2)
    async with api.stream("/v1/frames"), api.stream("/v1/samples"):
        reply = await api.ask("GET", "/v1/samples")
        assert (reply.status, reply.body["error"]["code"]) == (503, "busy")
        assert (await api.ask("GET", "/v1/status")).status == 200

    await until(lambda: not api.house.latest._watches)
    async with api.stream("/v1/samples"):
        pass


async def test_a_refused_stream_takes_no_place(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MAX_STREAMS", 1)
    for _ in range(3):
        assert (await api.ask("GET", "/v1/frames?link=nowhere")).status == 404

    async with api.stream("/v1/frames"):
        pass


async def test_a_stream_that_nobody_reads_is_cut_and_holds_little_meanwhile(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STALL_S", 0.2)
    async with api.stream("/v1/samples"):
        watch = api.house.latest._watches[0]
        while api.house.latest._watches:
            api.house.latest.put(sample(FAST, 71.5, True))
            assert len(watch._samples) <= WATCHED
            await asyncio.sleep(0)

    assert watch.missed > 0
    assert (await api.ask("GET", "/v1/status")).status == 200


async def test_a_slow_reader_gets_whole_lines_all_the_same(api: Api) -> None:
    wanted = 5_000
    async with api.stream("/v1/samples") as lines:
        for number in range(wanted):
            api.house.latest.put(sample(FAST, float(number), True))
            if number % 500 == 499:
                await asyncio.sleep(0)
        seen = missed = 0
        while seen + missed < wanted:
            line = await lines.next()
            missed += line.get("missed", 0)
            seen += "values" in line

    assert seen + missed == wanted
    assert json.dumps(line["values"]) == '{"flow_temp": 4999.0, "pump": true}'
