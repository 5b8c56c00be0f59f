"""`fieldgate simulate`: where it serves, what it takes, and how it ends."""

import json
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.api import Verbs
from tests.support.daemon import FIELDGATE
from tests.support.patience import HANG_S
from tests.support.ports import free_port
from tests.support.virtual import Virtual

POINT = {"address": 1, "type": "int16", "scale": 0.1, "writable": True}
MODE = {"address": 2, "type": "uint16", "enum": {0: "off", 1: "auto"}}
TCP = {"adapter": "modbus", "host": "192.0.2.7"}
RTU = {"adapter": "modbus", "transport": "rtu", "port": "/dev/nowhere", "parity": "odd"}


def write(folder: Path, **links: object) -> Path:
    """A site with a device `of_NAME` on each link."""
    content = {
        "version": 1,
        "gateway": {"id": "gw"},
        "endpoints": {"cloud": {"type": "mqtt", "url": "mqtt://127.0.0.1"}},
        "links": links,
        "devices": {f"of_{name}": {"link": name, "points": {"temp": POINT, "mode": MODE}} for name in links},
    }
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(("arguments", "code", "complaint"), [
    (("modbsu",), 2, "no adapter 'modbsu' - did you mean 'modbus'?"),
    (("modbus", "plk"), 2, "no modbus link with devices 'plk' - did you mean 'plc'?"),
    (("modbus", "plc", "--fault", "of_plc=ded"), 2, "there is no fault 'ded'"),
    (("modbus", "plc", "--fault", "of_plc"), 2, "is no DEVICE=FAULT"),
    (("modbus", "plc", "--fault", "of_plk=dead"), 2, "no device 'of_plk' - did you mean 'of_plc'?"),
    (("modbus", "--tcp", "0"), 2, "--tcp serves one link: name it - there are bus, plc, safe"),
    (("modbus", "plc", "--pty", "gateway.yaml"), 2, "gateway.yaml exists"),
    (("modbus", "plc", "--pty", "nowhere/port"), 2, "plc can't be served there: No such file"),
    (("modbus", "plc", "--pty", "x", "--tcp", "0"), 2, "not both"),
    (("modbus", "plc", "--tcp", "99999"), 2, "tcp"),
    (("modbus", "safe"), 2, "--cert"),
    (("modbus", "plc", "--host", "192.0.2.7", "--tcp", "0"), 2, "plc can't be served there"),
    (("modbus", "-c", "missing.yaml"), 3, "missing.yaml"),
    (("modbus", "--loop"), 2, "--loop plays a capture again: give --replay FILE"),
    (("modbus", "--replay", "missing.txt"), 2, "missing.txt can't be played: No such file"),
    (("modbus", "--replay", "gateway.yaml"), 2, "--replay serves one link: name it"),
    (("modbus", "plc", "--replay", "gateway.yaml"), 2, "replay"),
    (("serial", "--replay", "gateway.yaml"), 2, "no serial link with devices"),
])  # fmt: skip
def test_what_can_not_be_served_is_told_and_ends_it(
    here: Verbs, tmp_path: Path, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    write(tmp_path, plc=TCP, bus=RTU, safe={**TCP, "transport": "tls"})

    ended = here("simulate", *arguments, cwd=tmp_path)

    assert (ended.code, complaint in ended.err, "Traceback" in ended.err) == (code, True, False), ended.err


def test_a_port_that_is_asked_for_and_taken_is_an_error(here: Verbs, tmp_path: Path) -> None:
    config = write(tmp_path, plc=TCP)
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = here("simulate", "modbus", "-c", str(config), "--tcp", str(other.getsockname()[1]))
    assert (ended.code, "in use" in ended.err) == (2, True)


def test_a_link_s_own_port_is_replaced_where_it_is_taken_and_that_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        config = write(tmp_path, plc={**TCP, "port": taken})
        with Virtual(config) as virtual:
            settings = virtual.links["plc"]["settings"]
            assert settings["host"] == "127.0.0.1"
            assert settings["port"] != taken
            with socket.create_connection(("127.0.0.1", settings["port"]), timeout=HANG_S):
                pass


def test_each_link_is_served_and_a_serial_one_at_a_port_that_is_told(tmp_path: Path) -> None:
    config = write(tmp_path, plc={**TCP, "port": free_port()}, bus=RTU)
    with Virtual(config) as virtual:
        port = Path(virtual.links["bus"]["settings"]["port"])
        assert virtual.links["plc"]["devices"] == ["of_plc"]
        assert port.is_char_device()
        assert virtual.interrupt() == 0
    assert not port.parent.exists()


def test_a_serial_link_is_served_over_tcp_where_that_is_wanted(tmp_path: Path) -> None:
    config = write(tmp_path, plc=TCP, bus=RTU)
    with Virtual(config, "bus", "--tcp", "0") as virtual:
        settings = virtual.links["bus"]["settings"]
    assert (settings["transport"], settings["host"], settings["parity"]) == ("tcp", "127.0.0.1", None)


def test_who_listens_everywhere_is_reached_at_an_address(tmp_path: Path) -> None:
    with Virtual(write(tmp_path, plc=TCP), "--host", "0.0.0.0", "--tcp", "0") as virtual:
        assert virtual.links["plc"]["place"].startswith("0.0.0.0:")
        assert virtual.links["plc"]["settings"]["host"] == "127.0.0.1"


def test_a_link_over_tcp_is_served_at_a_port_of_a_name_where_that_is_wanted(tmp_path: Path) -> None:
    config = write(tmp_path, plc=TCP, bus=RTU)
    with Virtual(config, "plc", "--pty", str(tmp_path / "port")) as virtual:
        assert virtual.links["plc"]["settings"] == {
            "transport": "rtu",
            "port": str(tmp_path / "port"),
            "host": None,
        }


def test_a_name_left_behind_by_one_that_was_killed_is_used_again(tmp_path: Path) -> None:
    config, port = write(tmp_path, bus=RTU), tmp_path / "port"
    with Virtual(config, "--pty", str(port)):
        pass
    assert port.is_symlink()
    with Virtual(config, "--pty", str(port)) as virtual:
        assert port.is_char_device()
        virtual.interrupt()
    assert not port.is_symlink()


def test_a_name_that_another_has_taken_over_is_left_to_it(tmp_path: Path) -> None:
    config, port = write(tmp_path, bus=RTU), tmp_path / "port"
    with Virtual(config, "--pty", str(port)) as first, Virtual(config, "--pty", str(port)) as second:
        first.interrupt()
        assert port.is_char_device()
        second.interrupt()
    assert not port.is_symlink()


def test_what_is_typed_changes_devices_and_is_answered(tmp_path: Path) -> None:
    with Virtual(write(tmp_path, plc=TCP), "--tcp", "0", "--still", "--fault", "of_plc=dead") as virtual:
        assert virtual.order("of_plc.temp") == {"device": "of_plc", "point": "temp", "value": 0.0}
        assert virtual.order("of_plc.temp 21.7")["value"] == 21.7
        assert virtual.order("of_plc.mode auto")["value"] == "auto"
        assert virtual.order("of_plc late 2s") == {"device": "of_plc", "fault": "late:2s"}
        assert "no value 'atuo' - did you mean 'auto'?" in virtual.misunderstood("of_plc.mode atuo")
        assert "does not fit int16" in virtual.misunderstood("of_plc.temp 99999")
        assert "no device 'plc'" in virtual.misunderstood("plc dead")
        assert "has no point 'tmp' - did you mean 'temp'?" in virtual.misunderstood("of_plc.tmp 1")
        assert "there is no fault 'broken'" in virtual.misunderstood("of_plc broken")
        assert "DEVICE FAULT" in virtual.misunderstood("of_plc")
        assert "DEVICE FAULT" in virtual.misunderstood("")


def test_for_people_it_says_what_to_write_into_the_configuration(tmp_path: Path) -> None:
    command = [str(FIELDGATE), "simulate", "modbus", "-c", str(write(tmp_path, bus=RTU)), "--pty", "port"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shown:
        assert shown.stdout is not None
        lines = [shown.stdout.readline().rstrip() for _ in range(3)]
        shown.send_signal(signal.SIGTERM)
        assert shown.wait(HANG_S) == 0
    assert lines[0] == f"bus: 1 device at {tmp_path}/port (rtu)"
    assert lines[1] == f"  for a gateway to reach it, set in links.bus: {{port: {tmp_path}/port}}"
    assert "Ctrl-C" in lines[2]


def test_a_capture_is_played_without_a_configuration(here: Verbs, tmp_path: Path) -> None:
    (tmp_path / "wire.txt").write_text('+1s rx "ST,GS,   12.34kg\\r\\n"\n+50ms rx "ST,GS,   12.36kg\\r\\n"\n')
    port = tmp_path / "port"
    arguments = ["simulate", "serial", "--replay", "wire.txt", "--loop", "--pty", str(port), "--json"]
    with subprocess.Popen([str(FIELDGATE), *arguments], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as played:
        try:
            assert played.stdout is not None
            told = json.loads(played.stdout.readline())["links"]["replay"]
            heard = here("scan", "serial", str(port), "--listen", "30s", "--json", "--state-dir", str(tmp_path))
        finally:
            played.send_signal(signal.SIGINT)
        assert played.wait(HANG_S) == 0

    assert told["settings"] == {"port": str(port)}
    found = heard.json["found"][0]
    assert found["frames"][0]["text"] == "ST,GS,   12.34kg"
    assert found["plausible"]


def test_a_capture_that_makes_no_sense_is_named_with_its_line(here: Verbs, tmp_path: Path) -> None:
    (tmp_path / "wire.txt").write_text("# mine\nhello\n")

    ended = here("simulate", "serial", "--replay", "wire.txt", cwd=tmp_path)

    assert (ended.code, "wire.txt:2: 'hello' is neither" in ended.err) == (2, True), ended.err
