"""Each shipped example of devices that advertise is played, and says what is expected."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bleak.backends.bluezdbus.version import BlueZFeatures
from typing_extensions import override

from adapters.ble import BleAdapter
from adapters.ble.config import BleDevice, BleLink
from tests.ble.bluez import SOON_S
from tests.ble.case import outcome_of, radio_of, site_of
from tests.support.played import Told, lines_of
from tests.support.repo import ROOT

EXAMPLES = sorted((ROOT / "configs" / "ble").iterdir())
PLAYED = [folder for folder in EXAMPLES if (folder / "air.txt").exists()]


@pytest.mark.parametrize("folder", PLAYED, ids=lambda folder: folder.name)
def test_what_comes_of_a_capture_is_what_is_expected(folder: Path, tmp_path: Path) -> None:
    came = lines_of(outcome_of(folder, tmp_path))
    written = folder / "expected.jsonl"
    assert written.exists(), "\n".join([f"if this is right, write it to {written.name}:", *came])
    expected = [json.dumps(json.loads(line), ensure_ascii=False) for line in written.read_text().splitlines() if line]
    assert came == expected


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_an_example_is_valid_with_secrets_of_their_kind(folder: Path, tmp_path: Path) -> None:
    assert site_of(folder, tmp_path).warnings == ()


class Household(Told):
    """What devices tell, until each has told all of its points once."""

    def __init__(self, devices: Mapping[str, BleDevice]) -> None:
        super().__init__()
        self.complete = asyncio.Event()
        self._missing = {name: {*device.points, "online"} for name, device in devices.items()}

    @override
    def __call__(self, item: Any, /) -> None:
        super().__call__(item)
        told = self[-1]
        self._missing[told["device"]] -= {*told.get("values", {}), told.get("state")}
        if not any(self._missing.values()):
            self.complete.set()


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
async def test_the_devices_of_an_example_can_be_simulated(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BlueZFeatures, "checked_bluez_version", True)  # else it looks for bluetoothctl
    link, devices = radio_of(folder, tmp_path)
    told = Household(devices)
    async with BleAdapter.simulate(link, devices, {"elsewhere": True, "every": "100ms"}) as simulation:
        there = BleLink.model_validate({**link.model_dump(exclude_unset=True), **simulation.settings})
        adapter = BleAdapter(there, devices, {name: {} for name in devices})
        work = asyncio.create_task(adapter.run(told))
        try:
            async with asyncio.timeout(SOON_S):
                await told.complete.wait()
        except TimeoutError:
            pytest.fail("\n".join(lines_of(told)))
        finally:
            work.cancel()
            await asyncio.wait({work})
