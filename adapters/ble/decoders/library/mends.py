"""What bleparser says that is not so, set right or left out, maker by maker. Pure.

Each knows one module of bleparser 3.7, and what there is wrong with what it gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Result = dict[str, Any]
Mend = Callable[[Result], Result]

_HOTTEST = 400.0
"""°C that a meat probe measures; what is above stands for "no probe"."""
_NO_SENSOR = -128.0
_TURN, _HIGHEST = 655.36, 327.67
"""Of hundredths in 16 bits that have a sign."""
_KG = {"kg": 1.0, "lbs": 0.45359237, "jin": 0.5}
"""International avoirdupois pound; the Chinese market jin."""
_LOWEST_OHM, _HIGHEST_OHM = 430, 630
_COLDEST, _WARMEST, _DRIEST, _WETTEST = -30, 70, 1, 100
_SIDES = ("left", "middle", "right")


def mended(family: str, result: Result) -> Result:
    """As it should be."""
    mend = _MENDS.get(family)
    return result if mend is None else mend(result)


def _govee(result: Result) -> Result:
    """A probe of 0.0 is one that is below zero, or is not there; a station may pass on its outdoor sensor's values."""
    outdoor = result.get("sensor id") == 1
    return {
        f"{key} probe 2" if outdoor and key in ("temperature", "humidity", "battery") else key: value
        for key, value in result.items()
        if not ("probe" in key and value == 0)
    }


def _inkbird(result: Result) -> Result:
    """A probe of an iBBQ is 0 when it is not there, or is below zero."""
    if not str(result.get("type")).startswith("iBBQ"):
        return result
    return {key: value for key, value in result.items() if "probe" not in key or 0 < value <= _HOTTEST}


def _mikrotik(result: Result) -> Result:
    """Tags for indoors have no temperature sensor."""
    return _without(result, "temperature") if result.get("temperature") == _NO_SENSOR else result


def _relsib(result: Result) -> Result:
    """Its temperature has a sign."""
    temperature = result.get("temperature", 0.0)
    return {**result, "temperature": temperature - _TURN} if temperature > _HIGHEST else result


def _scale(result: Result) -> Result:
    """In kilograms, and of a body that stands still."""
    factor = _KG.get(result.get("weight unit", "kg"))
    weights = {key: result[key] for key in ("weight", "stabilized weight") if key in result}
    rest = _without(result, *weights)
    return rest if factor is None else {**rest, **{key: weight * factor for key, weight in weights.items()}}


def _laica(result: Result) -> Result:
    """It is confined to a range, and what lies outside comes as its bounds."""
    is_bound = result.get("impedance") in (_LOWEST_OHM, _HIGHEST_OHM)
    return _without(result, "impedance") if is_bound else result


def _inode(result: Result) -> Result:
    """Confined, too; and a meter may count anything."""
    dropped = [
        *(["temperature"] if result.get("temperature") in (_COLDEST, _WARMEST) else []),
        *(["humidity"] if result.get("humidity") in (_DRIEST, _WETTEST) else []),
        *(["power"] if result.get("power unit") != "W" else []),
        *(["energy"] if result.get("energy unit") != "kWh" else []),
    ]
    return _without(result, *dropped)


def _xiaomi(result: Result) -> Result:
    """Of several buttons: which was pressed, and how; of a dimmer: which way it was turned."""
    if "dimmer" in result:
        return _dimmer(result)
    press = result.get("button switch")
    if press is None:
        return result
    pressed = [side for side in _SIDES if any(result.get(f"{count} btn switch {side}") for count in ("two", "three"))]
    return {**result, **({f"button {side}": press for side in pressed} or {"button": press})}


def _dimmer(result: Result) -> Result:
    """Steps, to the left negative; how often it was pressed is no step."""
    turn, steps = str(result.get("button")), result["dimmer"]
    if steps is None or not turn.startswith("rotate"):
        return _without(result, "dimmer")
    return {**result, "dimmer": -steps if "left" in turn else steps}


def _without(result: Result, *keys: str) -> Result:
    return {key: value for key, value in result.items() if key not in keys}


_MENDS: Mapping[str, Mend] = {
    "amazfit": _scale,
    "govee": _govee,
    "inkbird": _inkbird,
    "inode": _inode,
    "laica": _laica,
    "mikrotik": _mikrotik,
    "miscale": _scale,
    "relsib": _relsib,
    "xiaogui": _scale,
    "xiaomi": _xiaomi,
}
