import pytest

from scripts.lib.demo.boiler import HEATING_S, ROOM_C, TOO_HOT_C, Boiler


def silent(_mean: float, _deviation: float) -> float:
    return 0.0


def test_the_water_follows_the_setpoint_with_a_lag() -> None:
    boiler = Boiler(silent, setpoint_c=60.0, water_c=40.0)

    boiler.run(HEATING_S)

    assert boiler.sensor_c == pytest.approx(40 + 20 * 0.632, abs=0.01)


@pytest.mark.parametrize("change", [{"pump": False}, {"mode": "off"}])
def test_without_pump_or_heating_it_cools_to_the_room(change: dict[str, str | bool]) -> None:
    boiler = Boiler(silent)
    for name, value in change.items():
        setattr(boiler, name, value)

    boiler.run(3600)

    assert boiler.sensor_c == ROOM_C


def test_the_steps_make_no_difference() -> None:
    whole, stepped = Boiler(silent, setpoint_c=70), Boiler(silent, setpoint_c=70)

    whole.run(10)
    for _ in range(100):
        stepped.run(0.1)

    assert stepped.water_c == pytest.approx(whole.water_c)


def test_the_alarm_is_above_its_limit_and_not_at_it() -> None:
    boiler = Boiler(silent, water_c=TOO_HOT_C)
    assert not boiler.too_hot

    boiler.water_c += 0.01
    assert boiler.too_hot
