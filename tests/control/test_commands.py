"""What reaches the house of a command, and what comes back."""

import asyncio
import os
import pwd
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from gateway.control import peer
from gateway.model import Bad, BadReason, Result, ResultStatus
from tests.control.setup import COLD_ROOM, Api, served
from tests.support.repo import ROOT

US = pwd.getpwuid(os.getuid()).pw_name
WRITE = "/v1/devices/boiler/write"

ASK_AS_ANOTHER = """
import os, sys
from pathlib import Path
from tests.control.setup import Client
os.setuid(int(sys.argv[2]))
client = Client(Path(sys.argv[1]))
client.request("POST", "/v1/gateway/ping")
assert client.getresponse().status == 200
"""


async def test_a_write_goes_to_its_device_as_a_command_with_the_name_of_who_asks(api: Api) -> None:
    await api.ask("POST", WRITE, {"values": {"setpoint": 55.5, "pump": True}, "id": "w-1", "confirm": "token"})

    command = {"id": "w-1", "write": {"setpoint": 55.5, "pump": True}, "confirm": "token"}
    assert api.house.commands == [(command, "boiler", US)]


async def test_a_read_names_its_points_else_all_there_are(api: Api) -> None:
    for body in ({"points": ["pump"]}, {}, None, b""):
        await api.ask("POST", "/v1/devices/boiler/read", body)

    everything = ["flow_temp", "pump", "mode", "setpoint"]
    assert [command["read"] for command, _, _ in api.house.commands] == [["pump"], everything, everything, everything]


@pytest.mark.parametrize("body", [{}, {"points": ["temp"]}])
async def test_a_device_that_has_not_said_which_points_it_has_is_unreachable(
    api: Api, body: dict[str, list[str]]
) -> None:
    api.house.devices = {"cold-room": msgspec.structs.replace(COLD_ROOM, points={}, groups=())}

    reply = await api.ask("POST", "/v1/devices/cold-room/read", body)

    assert (reply.body["status"], reply.body["reason"]) == ("unreachable", "no-link")
    assert "which points it has, and has not said so yet" in reply.body["detail"]
    assert api.house.commands == []


async def test_a_named_command_goes_with_its_arguments(api: Api) -> None:
    args = {"fast": True, "n": 1.5, "note": "007"}
    body = {"command": "start", "args": args, "id": "i-1", "confirm": "t"}
    await api.ask("POST", "/v1/devices/boiler/invoke", body)

    command = {"id": "i-1", "invoke": "start", "args": args, "confirm": "t"}
    assert api.house.commands == [(command, "boiler", US)]


async def test_actions_and_scans_go_to_the_gateway_itself(api: Api) -> None:
    await api.ask("POST", "/v1/gateway/reload", {"id": "g-1"})
    async with api.scanning("/v1/links/plc/scan", {"ids": "1-3"}) as lines:
        assert (await lines.next())["status"] == "done"
        assert await lines.chunk() == b"", "it has an end of its own"

    reload, scan = api.house.commands
    assert reload == ({"id": "g-1", "invoke": "reload"}, "", US)
    assert scan[0]["invoke"] == "scan"
    assert scan[0]["args"] == {"link": "plc", "options": {"ids": "1-3"}}
    assert scan[1:] == ("", US)


async def test_a_peek_goes_to_its_device(api: Api) -> None:
    await api.ask("POST", "/v1/devices/boiler/peek", {"what": "holding:1", "id": "p-1"})

    assert api.house.commands == [({"id": "p-1", "peek": "holding:1"}, "boiler", US)]


async def test_who_leaves_a_scan_ends_it(api: Api) -> None:
    api.house.hangs = True
    async with api.scanning("/v1/links/plc/scan", {}):
        await asyncio.wait_for(api.house.came.wait(), 5)

    await asyncio.wait_for(api.house.abandoned.wait(), 5)


async def test_a_command_without_an_id_gets_one_of_its_own(api: Api) -> None:
    replies = [await api.ask("POST", "/v1/gateway/ping") for _ in range(2)]

    told = [reply.body["command"] for reply in replies]
    assert told == [command["id"] for command, _, _ in api.house.commands]
    assert all(re.fullmatch("local-[0-9a-f]{16}", each) for each in told)
    assert len(set(told)) == 2


async def test_integers_beyond_64_bits_arrive_as_they_were_written(api: Api) -> None:
    await api.ask("POST", WRITE, {"values": {"setpoint": 2**70}})

    assert api.house.commands[0][0]["write"] == {"setpoint": 2**70}


@pytest.mark.parametrize("status", list(ResultStatus))
async def test_a_result_is_an_answer_however_it_ended(api: Api, status: ResultStatus) -> None:
    api.house.result = Result(status)

    reply = await api.ask("POST", WRITE, {"values": {"pump": True}, "id": "w-1"})

    assert (reply.status, reply.body) == (200, {"command": "w-1", "device": "boiler", "status": status.value})


async def test_a_result_tells_all_there_is(api: Api) -> None:
    api.house.result = Result(
        ResultStatus.FAILED,
        {"pump": True},
        {"mode": Bad(BadReason.DEVICE_ERROR, code=2)},
        reason="policy",
        detail="not now",
        rule="devices.boiler.commands",
        confirm="token",
        found=({"address": 7},),
    )

    assert (await api.ask("POST", "/v1/devices/boiler/read", {"id": "r-1"})).body == {
        "command": "r-1",
        "device": "boiler",
        "status": "failed",
        "values": {"pump": True},
        "bad": {"mode": {"reason": "device-error", "code": 2}},
        "reason": "policy",
        "detail": "not now",
        "rule": "devices.boiler.commands",
        "confirm": "token",
        "found": [{"address": 7}],
    }


async def test_who_goes_before_the_result_is_not_waited_for(api: Api) -> None:
    api.house.hangs = True
    _, writer = await api.raw()
    writer.write(b"POST /v1/gateway/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        await api.house.came.wait()
        writer.close()
        await api.house.abandoned.wait()


@pytest.mark.root
async def test_another_user_is_called_by_name_and_a_stranger_by_number() -> None:
    with TemporaryDirectory() as folder:  # pytest's own are for one user
        Path(folder).chmod(0o755)  # noqa: ASYNC240 -- at once
        async with served(Path(folder)) as api:
            api.path.chmod(0o666)
            for uid in (pwd.getpwnam("daemon").pw_uid, 54_321):
                command = [sys.executable, "-c", ASK_AS_ANOTHER, str(api.path), str(uid)]
                await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=True, timeout=30)

    assert [user for _, _, user in api.house.commands] == ["daemon", "uid:54321"]


async def test_a_directory_of_users_that_hangs_costs_only_the_name(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = asyncio.Event()

    def hang(_uid: int) -> pwd.struct_passwd:
        loop.call_soon_threadsafe(asked.set)
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result(20)
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", hang)
    monkeypatch.setattr(peer, "NAME_S", 0.05)
    try:
        reply = await api.ask("POST", "/v1/gateway/ping")
    finally:
        released.set()

    assert asked.is_set()
    assert reply.status == 200
    assert api.house.commands[0][2] == f"uid:{os.getuid()}"
