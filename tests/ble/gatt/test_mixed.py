from adapters.ble.simulator.bluez import Radio
from gateway.model import DeviceState
from tests.ble.gatt.site import LEVEL, device, sensor, site

KEY = "ec0234a357c8ad05341010a60a397d9b"
PRIVATE = "70:81:94:0D:FB:AA"
"""A key, and an address that it makes (Core Specification 6.0, Vol 3, Part H, D.7)."""
POINTS = {"battery": {"characteristic": LEVEL, "type": "uint8"}}


async def test_a_device_that_changes_its_address_is_connected_to_where_it_is_heard(radio: Radio) -> None:
    given = device(points=POINTS, identity_key=KEY)
    del given["address"]
    async with site(radio, [sensor(PRIVATE, random=True), sensor()], {"sensor": given}) as here:
        await here.emitted.sample("sensor")
        assert here.emitted.values("sensor") == {"battery": 90}


async def test_points_that_are_heard_and_points_that_are_read_are_of_one_device(radio: Radio) -> None:
    points = {**POINTS, "rssi": {}, "present": {}}
    async with site(radio, [sensor()], {"sensor": device(points=points)}) as here:
        await here.emitted.until(
            lambda: {"battery"} in [set(each.group.points) for each in here.emitted.samples("sensor")]
        )
        await here.emitted.until(lambda: any("rssi" in each.group.points for each in here.emitted.samples("sensor")))
        assert here.emitted.states("sensor") == [DeviceState.ONLINE]
