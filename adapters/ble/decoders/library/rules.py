"""Which entries are whose, by all that is known of them: numbers, lengths, marks. Pure.

Lengths and marks are those of bleparser 3.7, module by module; it looks at some of them only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from adapters.ble.config.names import full_uuid
from adapters.ble.decoders.library.entry import Entry
from adapters.ble.decoders.library.marks import (
    bparasite,
    govee,
    govee_station,
    inode,
    kegtron,
    laica,
    probes_address,
    qingping,
    sensirion,
    sensorpush,
    starts,
    tilt,
    xiaogui,
)

Parse = Callable[[Any, Any, Entry], Any]
"""Of the package and a parser of it: what an entry says, as bleparser has it."""


_RSSI = 0
"""bleparser hands it back, nothing else."""


class Rule(NamedTuple):
    """One kind of entry.

    `lengths`: of the data; none: `fits` looks at it. `drifts`: the company's number is a part of what is measured, so
    that BlueZ may still have an older one beside it. `is_sealed`: whether it is encrypted.
    """

    family: str
    lengths: tuple[int, ...]
    fits: Callable[[Entry], bool] | None = None
    drifts: bool = False
    read: Parse | None = None
    is_sealed: Callable[[Entry], bool] | None = None

    def parse(self, package: Any, parser: Any, entry: Entry) -> Any:
        """What it says, as bleparser has it; raises whatever the bytes cause."""
        if self.read is not None:
            return self.read(package, parser, entry)
        return getattr(package, f"parse_{self.family}")(parser, entry.ad, entry.mac, _RSSI)

    def meant(self, entry: Entry) -> bool:
        """Whether the entry is of this kind, all of it."""
        if self.lengths and len(entry.data) not in self.lengths:
            return False
        return self.fits is None or self.fits(entry)


def _by_name(module: str, wanted: Callable[[str], str] = str) -> Parse:
    """What needs the device's name, or a part of it."""
    return lambda package, parser, entry: getattr(package, f"parse_{module}")(
        parser, entry.ad, wanted(entry.name), entry.mac, -1
    )


def _names(*uuids: int) -> Callable[[Entry], bool]:
    full = [full_uuid(uuid) for uuid in uuids]
    return lambda entry: any(entry.names(uuid) for uuid in full)


def _called(*names: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name in names


def _all(*fits: Callable[[Entry], bool]) -> Callable[[Entry], bool]:
    return lambda entry: all(each(entry) for each in fits)


_QINGPING = Rule("qingping", (), qingping)
_SWITCHBOT = Rule("switchbot", (6,), starts(b"\x54", b"\x69"))
_RELSIB = Rule("relsib", (22,), _called("ECo"))
_TELTONIKA = _by_name("teltonika")


def _is_teltonika(entry: Entry) -> bool:
    return entry.name in ("PUCK_T1", "PUCK_TH") or entry.name.startswith(("C T", "P T", "P RHT"))


SERVICES: Mapping[int, Rule] = {
    0x181A: Rule("bparasite", (16, 18), bparasite),
    0x181B: Rule("miscale", (13,)),
    0x181D: Rule("miscale", (10,)),
    0xAA20: _RELSIB,
    0xAA21: _RELSIB,
    0xAA22: _RELSIB,
    0xF525: Rule("jaalee", (11,)),
    0xFD3D: _SWITCHBOT,
    0x0D00: _SWITCHBOT,
    0xFD50: Rule("hhcc", (9,)),
    0xFDCD: _QINGPING,
    0xFFF9: _QINGPING,
    0xFEAA: Rule("kkm", (15,), starts(b"\x21\x01")),
    0xFEE0: Rule("amazfit", (20,)),
    0x2A6E: Rule("teltonika", (2,), _is_teltonika, read=_TELTONIKA),
    0x2A6F: Rule("teltonika", (1,), _is_teltonika, read=_TELTONIKA),
}
"""By short UUID."""

_AIRMENTOR = Rule("airmentor", (8,))

COMPANIES: Mapping[int, Rule] = {
    0x0001: Rule("govee", (6, 9), govee_station),
    0x8801: Rule("govee", (9,)),
    0xEC88: Rule("govee", (6, 7, 9), govee),
    0x004C: Rule(
        "tilt",
        (23,),
        tilt,
        read=lambda package, parser, entry: package.parse_tilt(parser, entry.ad, entry.mac, _RSSI)[0],
    ),
    0x00DC: Rule(
        "oralb", (11,), read=lambda package, parser, entry: package.parse_oral_b(parser, entry.ad, entry.mac, _RSSI)
    ),
    0x0133: Rule("bluemaestro", (14,), starts(b"\x17", b"\x1b")),
    0x01AE: Rule("smartdry", (12,)),
    0x06D5: Rule("sensirion", (), sensirion, read=_by_name("sensirion")),
    0x06E8: Rule("almendo", (16,), starts(b"\x01")),
    0x094F: Rule("mikrotik", (18,), starts(b"\x00", b"\x01"), is_sealed=lambda entry: bool(entry.data[1] & 1)),
    0x1000: Rule("moat", (18,)),
    0x2111: _AIRMENTOR,
    0x2112: _AIRMENTOR,
    0x2121: _AIRMENTOR,
    0x2122: _AIRMENTOR,
    0xA0AC: Rule("laica", (12,), laica),
    0xAA55: Rule("brifit", (17,)),
    0xACC0: Rule("acconeer", (15,), starts(b"\x80")),
    0xFFFF: Rule("kegtron", (27,), kegtron),
}
"""By number of the company."""

_IBBQ = _by_name("inkbird")

OTHERS: tuple[Rule, ...] = (
    Rule("govee", (17,), _names(0x8251)),
    Rule("govee", (14,), _names(0x8351)),
    Rule("govee", (20,), _names(0x8551)),
    Rule("inkbird", (7,), _called("sps", "tps"), drifts=True, read=_IBBQ),
    Rule("inkbird", (10, 12, 16, 20), _all(_names(0xFFF0), probes_address), read=_IBBQ),
    Rule("thermoplus", (18,), _all(_names(0xFFF0), lambda entry: entry.number in (0x10, 0x11, 0x15, 0x18))),
    Rule("thermopro", (4,), lambda entry: entry.number & 0xFF == 0xC2 and entry.name[:5] in ("TP357", "TP359"),
         drifts=True, read=_by_name("thermopro", lambda name: name[:5])),
    Rule("sensorpush", (3, 5), sensorpush, drifts=True),
    Rule("xiaogui", (13,), xiaogui, drifts=True),
    Rule("jinou", (11,), _names(0xAA20), drifts=True),
    Rule("inode", (11, 22), inode),
)  # fmt: skip
"""Of manufacturers' data: what is known by something else than the company's number."""


def rules_of(entry: Entry) -> Iterator[Rule]:
    """Those that the entry may be of by its number, then the others."""
    if entry.is_service:
        if entry.number in SERVICES:
            yield SERVICES[entry.number]
        return
    if entry.number in COMPANIES:
        yield COMPANIES[entry.number]
    yield from OTHERS
