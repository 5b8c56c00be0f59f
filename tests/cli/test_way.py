"""How a gateway that runs is found, and what is said when it can't be asked."""

import grp
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from gateway.cli import refuge
from gateway.cli.control import way
from gateway.cli.control.client import Client, Unanswered, dial
from gateway.cli.control.finding import SERVICE_SOCKET, SOCKET, listening, places
from gateway.cli.refuge import SHARED_MEMORY
from gateway.cli.refused import Refused
from gateway.cli.state import owned
from tests.cli.api import BOILER, STATUS, Api, Said, Stream, error
from tests.cli.terminal import Terminal
from tests.control.described import assert_described
from tests.support.nobody import as_nobody

Verb = Callable[..., Said]

GOOD = """version: 1
gateway: {id: mill-3}
endpoints: {cloud: {type: mqtt, url: "mqtt://broker.example"}}
links: {plc: {adapter: modbus, host: 10.0.0.1}}
devices: {boiler: {link: plc, points: {temp: {type: int16, address: 1}}}}
"""


@pytest.mark.parametrize(("given", "environ", "sockets"), [
    (None, {}, ["/home/me/.local/state/fieldgate/control.sock", str(SERVICE_SOCKET)]),
    (None, {"XDG_STATE_HOME": "/x"}, ["/x/fieldgate/control.sock", str(SERVICE_SOCKET)]),
    (None, {"STATE_DIRECTORY": "/s:/t"}, ["/s/control.sock"]),
    (None, {"STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r:/q"}, ["/r/control.sock", "/s/control.sock"]),
    ("/given", {}, ["/given/control.sock"]),
    ("/var/lib/fieldgate", {}, ["/var/lib/fieldgate/control.sock", str(SERVICE_SOCKET)]),
])  # fmt: skip
def test_the_socket_is_looked_for_where_the_daemon_may_have_put_it(
    monkeypatch: pytest.MonkeyPatch, given: str | None, environ: dict[str, str], sockets: list[str]
) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    found = places(Path(given) if given else None, environ)

    assert [str(each) for each in found if not each.is_relative_to(SHARED_MEMORY)] == sockets


def test_a_gateway_is_found_that_works_in_memory_since_its_disk_refuses(tmp_path: Path) -> None:
    [folder, *_] = refuge.places(tmp_path, {})

    assert folder / SOCKET in places(tmp_path, {})


def test_a_socket_that_a_killed_daemon_has_left_is_nobodys(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "control.sock"))
    (tmp_path / "file").write_text("")
    too_long = tmp_path / ("x" * 120) / "control.sock"

    assert listening([tmp_path / "control.sock", tmp_path / "file" / "x", tmp_path / "file", too_long]) is None


def test_the_first_that_listens_is_asked(api: Api, tmp_path: Path) -> None:
    found = listening([tmp_path / "nothing.sock", api.path])

    assert found is not None
    assert found.path == api.path


@pytest.fixture
def public() -> Iterator[Api]:
    """Where everybody may look; pytest's own folders are private."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        api = Api(Path(folder) / "control.sock")
        yield api
        api.close()


@pytest.mark.root
@pytest.mark.parametrize("barrier", ["socket", "folder"])
def test_who_may_not_ask_is_told_which_group_to_join(public: Api, barrier: str) -> None:
    closed = public.path if barrier == "socket" else public.path.parent
    os.chown(closed, -1, grp.getgrnam("users").gr_gid)
    closed.chmod(0o660 if barrier == "socket" else 0o750)

    with as_nobody(), pytest.raises(Refused) as refused:
        listening([public.path])

    assert refused.value.code == 7
    assert "the group users only: `sudo usermod -aG users nobody`, then log in again" in str(refused.value)


@pytest.mark.root
def test_a_socket_that_is_its_owners_alone_is_told_so(public: Api) -> None:
    public.path.chmod(0o600)

    with as_nobody(), pytest.raises(Refused) as refused:
        listening([public.path])

    assert "may be used by root only" in str(refused.value)


def test_a_gateway_that_hangs_is_not_waited_for_long(api: Api) -> None:
    api.hangs.set()

    with pytest.raises(Unanswered, match="does not answer: it hangs"):
        Client(api.path, look_s=0.05).get("/v1/status")


def test_a_gateway_that_takes_no_connection_hangs(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as full, ExitStack() as waiting:
        full.bind(str(tmp_path / "control.sock"))
        full.listen(0)
        with pytest.raises(Refused) as refused:  # noqa: PT012 -- how many wait before it is full is the kernel's
            for _ in range(10):
                waiting.enter_context(dial(tmp_path / "control.sock", 0.05))
                listening([tmp_path / "control.sock"], limit_s=0.05)

    assert "takes no connection: it hangs" in str(refused.value)


@pytest.mark.parametrize(("answer", "code", "said"), [
    ((400, error("malformed", "that is wrong")), 2, "that is wrong"),
    ((404, error("unknown", "no such thing")), 2, "no such thing"),
    ((503, error("busy", "too many")), 1, "too many"),
    ((500, "no error of ours"), 1, "HTTP 500 Internal Server Error"),
    (Stream([], torn=True), 1, "the gateway has ended meanwhile"),
    (Stream(["no", "document"]), 1, "no fieldgate of this version"),
])  # fmt: skip
def test_an_answer_that_is_none_ends_the_verb_with_a_sentence(
    api: Api, verb: Verb, answer: object, code: int, said: str
) -> None:
    api.tell("GET /v1/status", answer)

    ended = verb("status")

    assert (ended.code, said in ended.err) == (code, True)


def test_a_link_that_another_process_keeps_is_told(
    api: Api, verb: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "TURN_S", 0.2)
    (tmp_path / "gateway.yaml").write_text(GOOD)
    api.path.unlink()

    with owned(tmp_path):
        said = verb("read", "boiler")

    assert (said.code, "another fieldgate works on" in said.err) == (4, True)


def test_an_interrupt_while_a_command_is_under_way_says_what_that_may_mean(
    api: Api, at_terminal: Callable[..., Terminal]
) -> None:
    terminal = at_terminal("invoke", "boiler", "start")
    terminal.wait_for("Let boiler do start")
    api.hangs.set()
    terminal.type("y\n")
    assert api.hung.wait(20)

    terminal.process.send_signal(signal.SIGINT)
    seen = terminal.end()

    assert (seen.code, "it may have been carried out or not" in seen.text) == (130, True)


@pytest.mark.parametrize(("path", "document"), [
    ("/v1/status", STATUS), ("/v1/devices", {"devices": {"boiler": BOILER}}),
    ("/v1/devices/{device}", {"device": "boiler", **BOILER}),
])  # fmt: skip
def test_what_these_tests_are_told_is_what_a_gateway_promises_to_tell(path: str, document: object) -> None:
    assert_described("GET", path, 200, "application/json", document)
