"""Everything a running daemon publishes follows the schema."""

from collections.abc import Callable

from tests.published.described import assert_described
from tests.support.daemon import Daemon
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.schema import assert_envelope
from tests.support.subscriber import Received, Subscriber

SITE = """
version: 1
gateway: {{id: gw, description: "Mill 3", labels: {{site: mill}}}}
endpoints:
  cloud: {{type: mqtt, url: "{url}"}}
links:
  plc: {{adapter: modbus, transport: tcp, host: 127.0.0.1, port: {port}, reconnect: {{min: 100ms, max: 100ms}}}}
  gone: {{adapter: modbus, transport: tcp, host: 127.0.0.1, port: 9}}
devices:
  boiler:
    link: plc
    every: 50ms
    timeout: 500ms
    labels: {{line: "3"}}
    points:
      temp: {{address: 1, type: float32, unit: "°C", range: [-40, 150]}}
      mode: {{address: 10, type: uint16, enum: {{0: "off", 1: "on"}}, writable: true}}
      setpoint: {{address: 11, type: int16, scale: 0.1, writable: {{min: 20, max: 80}}, verify: true}}
      high: {{address: 12, type: uint16, range: [1, 2]}}
      far: {{address: 5000, type: uint16, every: 1s}}
  lost:
    link: gone
    points:
      a: {{address: 1, type: uint16}}
"""


def kind(name: str, **members: object) -> Callable[[Received], bool]:
    def matches(message: Received) -> bool:
        body = message.json if "/command" not in message.topic else {}
        return body.get("kind") == name and all(body.get(member) == value for member, value in members.items())

    return matches


def test_every_message_of_a_daemon_follows_the_schema(
    mosquitto: Mosquitto, subscriber: Subscriber, modbus_server: ModbusServer, make_daemon: Callable[..., Daemon]
) -> None:
    daemon = make_daemon(SITE.format(url=mosquitto.url, port=modbus_server.port))
    daemon.start()
    subscriber.wait_for(kind("birth", device="lost"))
    subscriber.wait_for(kind("status", device="boiler", state="degraded"))
    subscriber.wait_for(kind("status", device="lost", reason="no-link"))
    commands: list[dict[str, object]] = [
        {"write": {"setpoint": 55.5}},
        {"read": ["temp", "far"]},
        {"write": {"temp": 1}},
    ]
    for number, body in enumerate(commands):
        subscriber.publish("fieldgate/gw/boiler/command", {"id": f"c-{number}", **body})
        subscriber.wait_for(kind("result", command=f"c-{number}"))
    subscriber.publish("fieldgate/gw/command", {"id": "ping", "invoke": "ping"})
    subscriber.wait_for(kind("result", command="ping"))
    modbus_server.stop()
    subscriber.wait_for(kind("status", device="boiler", reason="no-link"))
    daemon.kill()
    subscriber.wait_for(kind("status", reason="connection-lost"))
    daemon.start()
    subscriber.wait_for_many(kind("birth", device="boiler"), 2)
    assert daemon.terminate() == 0
    subscriber.wait_for(kind("status", state="offline", reason="stopped"))

    for message in subscriber.messages:
        assert_described(message.topic, message.json)
    envelopes = [assert_envelope(m.payload) for m in subscriber.messages if not m.topic.endswith("/command")]
    assert {body["kind"] for body in envelopes} == {"reading", "status", "birth", "result"}
    assert any("bad" in body for body in envelopes if body["kind"] == "reading")
