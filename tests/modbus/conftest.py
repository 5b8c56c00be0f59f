"""What tests of Modbus have in common."""

import pytest

HURRY = 0.1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices are given up, tried again and reminded of in a tenth of the time, whatever that takes of the bus."""
    for name in (
        "bus.patience.DEAD_AFTER_S",
        "bus.patience.PAUSE_MIN_S",
        "bus.unit.PAUSE_MIN_S",
        "polls.poll.REMIND_S",
    ):
        module, _, constant = f"adapters.modbus.{name}".rpartition(".")
        usual = getattr(__import__(module, fromlist=[constant]), constant)
        monkeypatch.setattr(f"{module}.{constant}", usual * HURRY)
    monkeypatch.setattr("adapters.modbus.bus.bus.DEAD_SHARE", 0.5)
