import asyncio

import pytest

from adapters.ble.simulator.bluez import Radio
from gateway.model import BadReason, DeviceState, Sample
from tests.ble.gatt.site import SECRET, device, sensor, site

POINTS = {"secret": {"characteristic": SECRET, "type": "string"}}
PASSKEY = "012345"


async def test_what_is_encrypted_is_read_once_it_is_paired(radio: Radio) -> None:
    async with site(radio, [sensor()], {"sensor": device(points=POINTS, gatt={"pair": True})}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"secret": "sesame"}


async def test_the_passkey_that_the_device_shows_lets_it_be_paired(radio: Radio) -> None:
    given = device(points=POINTS, gatt={"passkey": PASSKEY})
    async with site(radio, [sensor(passkey=PASSKEY)], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"secret": "sesame"}


@pytest.mark.parametrize("gatt", [{"passkey": "999999"}, {"pair": True}])
async def test_a_wrong_passkey_is_named_and_not_tried_again_and_again(radio: Radio, gatt: dict[str, object]) -> None:
    given = device(points=POINTS, gatt=gatt)
    async with site(radio, [sensor(passkey=PASSKEY)], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert here.reason("sensor") == "pairing"
        assert "does not let itself be paired with" in here.detail("sensor")
        assert here.emitted.bad("sensor")["secret"].reason is BadReason.NO_LINK
        result = await here.read("secret")
        assert result.reason == "pairing"
        assert here.adapter.counters()["connect_tries"] == 1
        assert "999999" not in str(here.emitted.items)


async def test_one_that_does_not_let_itself_be_paired_with_is_called_bad_once_not_all_the_time(radio: Radio) -> None:
    given = device(points=POINTS, every="1h", gatt={"passkey": "999999", "connect": "kept"})
    async with site(radio, [sensor(passkey=PASSKEY)], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        await here.read("secret")
        await here.read("secret")
        samples = [item for item in here.emitted.items if isinstance(item, Sample)]
        assert len(samples) <= 3, "one for the first try, and one for each command"


async def test_without_pairing_what_is_encrypted_is_not_waited_for_for_ever(radio: Radio) -> None:
    points = {**POINTS, "warmth": {"characteristic": "temperature"}}
    given = device(points=points, gatt={"timeout": "200ms"})
    async with site(radio, [sensor()], {"sensor": given}) as here:
        await here.emitted.state("sensor", DeviceState.DEGRADED)
        assert here.emitted.values("sensor")["warmth"] == 21.5
        assert here.emitted.bad("sensor")["secret"].reason is BadReason.TIMEOUT


async def test_a_device_that_wants_to_be_paired_with_beside_one_that_is_says_so(radio: Radio) -> None:
    other = "C0:FF:EE:00:00:11"
    given = {
        "sensor": device(points=POINTS, gatt={"passkey": PASSKEY}),
        "other": device(other, points={**POINTS, "warmth": {"characteristic": "temperature"}}),
    }
    async with site(radio, [sensor(passkey=PASSKEY), sensor(other)], given) as here:
        await here.emitted.state("other", DeviceState.DEGRADED)
        assert "it wants to be paired with first: write gatt: {pair: true}" in here.detail("other")


async def test_one_that_hangs_up_on_its_pairing_is_told_how_to_be_paired_anew(radio: Radio) -> None:
    peripheral = sensor()

    async def hang_up() -> bytes:
        peripheral.hang_up()
        await asyncio.Event().wait()
        return b""

    peripheral.characteristic(SECRET).read = hang_up
    async with site(radio, [peripheral], {"sensor": device(points=POINTS, gatt={"pair": True})}) as here:
        await here.emitted.state("sensor", DeviceState.OFFLINE)
        assert "`bluetoothctl remove ADDRESS`" in here.detail("sensor")
