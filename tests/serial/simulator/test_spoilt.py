"""What the adapter makes of devices with faults."""

import pytest

from adapters.serial.config import SerialDevice
from gateway.model import BadReason, DeviceState
from tests.serial.simulator.setup import device_of, link_of
from tests.serial.simulator.wired import Wired, wired

LINK = link_of(
    framing={"type": "length", "start": {"hex": "AA"}, "at": 1, "size": 1, "extra": 2},
    checksum={"type": "crc-16/modbus", "endian": "little"},
    address={"at": 2, "type": "number"},
)


def sensors() -> dict[str, SerialDevice]:
    """d with address 7 and e with 8."""
    poll = {"send": {"hex": "AA 02 {address:uint8} 01 {checksum}"}}
    points = {"t": {"at": 3, "type": "int16", "scale": 0.1}}
    return {
        name: device_of(address=address, every="1s", timeout="100ms", probe_every="1s", poll=poll, points=points)
        for name, address in (("d", 7), ("e", 8))
    }


@pytest.mark.parametrize("fault", ["dead", "silence", "late", "checksum", "half", "loss:100%", "wrong-address"])
def test_a_fault_spoils_its_device_and_no_other_and_ends_when_it_is_well_again(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    async def happens(line: Wired) -> None:
        await line.emitted.state("d", DeviceState.ONLINE)
        await line.emitted.state("e", DeviceState.ONLINE)
        line.fault("d", fault)
        await line.emitted.until(lambda: line.emitted.states("d")[-1] is DeviceState.OFFLINE)
        assert {bad.reason for bad in line.emitted.bad("d").values()} == {BadReason.TIMEOUT}
        await line.emitted.sample("e", 10)
        line.fault("d", "well")
        await line.emitted.state("d", DeviceState.ONLINE)
        assert line.emitted.states("e") == [DeviceState.ONLINE]

    wired(monkeypatch.setattr, LINK, sensors(), happens)


@pytest.mark.parametrize("fault", ["slow", "noise", "noise:50%", "split", "twice"])
def test_what_can_be_lived_with_is(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    async def happens(line: Wired) -> None:
        line.chain.units["d"].put("t", 5.5)
        line.fault("d", fault)
        await line.emitted.sample("d", 20)
        assert {sample.values for sample in line.emitted.samples("d")} == {(5.5,)}
        assert {sample.values for sample in line.emitted.samples("e")} == {(0.0,)}
        assert line.emitted.states("d") == line.emitted.states("e") == [DeviceState.ONLINE]

    wired(monkeypatch.setattr, LINK, sensors(), happens)


def test_where_a_share_of_the_frames_is_spoilt_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    async def happens(line: Wired) -> None:
        line.fault("d", "checksum:20%")
        await line.emitted.until(lambda: len(line.emitted.samples("d")) >= 50, within_s=100)
        bad = [sample for sample in line.emitted.samples("d") if sample.bad]
        assert 8 <= len(bad) <= 12

    wired(monkeypatch.setattr, LINK, sensors(), happens)
