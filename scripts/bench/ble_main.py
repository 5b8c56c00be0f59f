"""Measures what advertising BLE devices cost, and whether anything of theirs is lost; asserts nothing about speed.

air       200 devices around a simulated BlueZ, on a D-Bus of its own, in a process of its own: through D-Bus and bleak
          to the gateway, at 10 advertisements/s in all, and at more, up to what is too much.
path      what comes after bleak alone: advertisements are handed to the gateway over a socket, at 2,000/s, of which
          three of ten are repeated or strangers'.
decoders  what each decoder takes, and all from an advertisement to its sample, in this process: the least of some
          rounds.

BTHome (plain, encrypted, and by `auto`), Ruuvi, pvvx's ATC, Govee (by the library), and points by their places take
turns. Each new advertisement has a number, and is one message at the broker, all of whose values are checked there;
latency is from its sending to a subscriber.

Everything runs on this machine and on loopback: the devices, mosquitto, the daemon with its outbox on a file in the
directory for temporary files (TMPDIR), and what measures it. CPU is the daemon's only, per advertisement without what
it uses while nothing is advertised; "foreign" is what neither the daemon nor the rig used, in % of one core.
"""

from __future__ import annotations

import argparse

from scripts.bench.adverts import SECRETS, address_of, kind_of, written
from scripts.bench.decoding import timed
from scripts.bench.draining import centile
from scripts.bench.listening import Cost, Load, cost_of
from scripts.bench.processes import daemon_command
from scripts.bench.program import Parts, add_daemon, run_parts

DEVICES = 200
AIR_PER_S, PATH_PER_S = (10.0, 200.0, 1000.0, 3000.0), (2000.0,)
COUNTED = ("heard", "adverts", "strangers", "collapsed", "undecodable", "malformed", "replayed", "lost", "overflowed")


def main() -> None:
    """Measure the parts asked for, and print each."""
    run_parts("ble", __doc__, PARTS, _add_options)


def _air(options: argparse.Namespace) -> None:
    for rate in options.rate or AIR_PER_S:
        _print("air", options, cost_of(_load(options, rate, daemon_command(options.profile), ())))


def _path(options: argparse.Namespace) -> None:
    for rate in options.rate or PATH_PER_S:
        daemon = daemon_command(options.profile, "scripts.bench.fed")
        _print("path", options, cost_of(_load(options, rate, daemon, ("--fed", "--mix"))))


def _decoders(_options: argparse.Namespace) -> None:
    for each in timed():
        print(f"decoders: {each.name}: {each.decoder_us:.1f} us, to its sample {each.sample_us:.1f} us", flush=True)


PARTS: Parts = {"air": _air, "path": _path, "decoders": _decoders}


def _load(options: argparse.Namespace, rate: float, daemon: str, more: tuple[str, ...]) -> Load:
    return Load(
        fleet=("scripts.bench.broadcast", "--devices", str(options.devices), "--rate", str(rate), *more),
        config=lambda bus: _config(bus, options.devices),
        said="adverts",
        devices=options.devices,
        seconds=options.seconds,
        warmup_s=options.warmup,
        site=tuple(options.site),
        daemon=options.daemon or daemon,
        idle_s=options.seconds / 2,
        secrets=SECRETS,
    )


def _config(bus: str, devices: int) -> list[str]:
    return [
        "links:",
        f'  radio: {{adapter: ble, bus: "{bus}"}}',
        "devices:",
        *(f'  d{n}: {{link: radio, address: "{written(address_of(n))}", {kind_of(n).device}}}' for n in range(devices)),
    ]


def _print(part: str, options: argparse.Namespace, cost: Cost) -> None:
    name = f"{part}, {options.devices} devices"
    wrong = f"{cost.lost} lost, {cost.doubled} doubled, {cost.wrong} wrong"
    print(f"{name}: {cost.per_s:.0f} advertisements/s; {cost.sent} said something new, {wrong}{_waiting(cost)}")
    cpu = f"{cost.us_each:.0f} us/advertisement, {cost.cpu_percent:.1f} % of a core, {cost.idle_percent:.1f} % idle"
    print(f"{name}: {cpu}, {cost.rss_mib:.1f} MiB at its highest; foreign {cost.foreign_percent:.0f} %")
    if cost.latency_ms:
        p50, p99, longest = centile(cost.latency_ms, 50), centile(cost.latency_ms, 99), max(cost.latency_ms)
        print(f"{name}: advertised to broker p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {longest:.1f} ms")
    counted = ", ".join(f"{word} {cost.counters[word]}" for word in COUNTED if word in cost.counters)
    print(f"{name}: the gateway has counted {counted}", flush=True)


def _waiting(cost: Cost) -> str:
    """What came too fast for all of it to have been sent on."""
    outbox = f", {cost.waiting} wait in the outbox" if cost.waiting else ""
    return outbox + (f", {cost.overrun_bytes} bytes not taken in time" if cost.overrun_bytes else "")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--rate", type=float, action="append", metavar="PER_SECOND", help="repeatable; of all devices")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each window that is measured")
    add_daemon(parser)


if __name__ == "__main__":
    main()
