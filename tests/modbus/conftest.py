"""What tests of Modbus have in common."""

import pytest

HURRY = 0.1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices are given up, tried again and reminded of in a tenth of the time, whatever that takes of the bus."""
    for name in (
        "gateway.line.patience.DEAD_AFTER_S",
        "gateway.line.patience.PAUSE_MIN_S",
        "adapters.modbus.bus.unit.PAUSE_MIN_S",
        "adapters.modbus.polls.poll.REMIND_S",
    ):
        module, _, constant = name.rpartition(".")
        usual = getattr(__import__(module, fromlist=[constant]), constant)
        monkeypatch.setattr(f"{module}.{constant}", usual * HURRY)
    monkeypatch.setattr("adapters.modbus.bus.bus.DEAD_SHARE", 0.5)
