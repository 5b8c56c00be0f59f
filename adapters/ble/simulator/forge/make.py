"""Which format a device's advertisements are made in. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from adapters.ble.simulator.forge.atc import ATC, ATC_SEALED
from adapters.ble.simulator.forge.bthome import BTHOME
from adapters.ble.simulator.forge.eddystone import EDDYSTONE
from adapters.ble.simulator.forge.format import Format
from adapters.ble.simulator.forge.govee import GOVEE
from adapters.ble.simulator.forge.ibeacon import IBEACON
from adapters.ble.simulator.forge.ruuvi import RUUVI
from adapters.ble.simulator.forge.xiaomi import XIAOMI

FORMATS: Mapping[str, Format] = {
    "bthome": BTHOME,
    "ruuvi": RUUVI,
    "atc": ATC,
    "xiaomi": XIAOMI,
    "govee": GOVEE,
    "ibeacon": IBEACON,
    "eddystone": EDDYSTONE,
}
"""By the name of their decoder, in the order of preference where any would do."""
SEALED: Mapping[str, Format] = {"bthome": BTHOME, "atc": ATC_SEALED, "xiaomi": XIAOMI}
"""What there is for a device that has a key."""


class Unknown(ValueError):
    """No format tells that; the message says what would be told."""


def format_of(decoder: str, names: Collection[str], *, encrypted: bool) -> Format:
    """In which these can be told; raises Unknown. `auto`: the first that can."""
    formats = SEALED if encrypted else FORMATS
    if decoder == "auto":
        fits = (each for each in formats.values() if all(map(each.field, names)))
        return next(fits, None) or _known(BTHOME, names, "bthome")
    if decoder not in FORMATS:
        raise Unknown(f"nobody here knows how {decoder} devices say it, only how {', '.join(FORMATS)} do")
    if decoder not in formats:
        raise Unknown(f"{decoder} does not encrypt what it says here: leave its key out")
    return _known(formats[decoder], names, decoder)


def _known(found: Format, names: Collection[str], decoder: str) -> Format:
    for name in names:
        if found.field(name) is None:
            raise Unknown(f"{decoder} tells no {name}, but {', '.join(found.fields)}")
    return found
