"""A link's radio, and all that is on the air around it."""

from __future__ import annotations

import re
from itertools import count

from adapters.ble.config import BleLink
from adapters.ble.simulator.bluez import Peripheral, Radio
from adapters.ble.simulator.faults import RadioFault
from adapters.ble.simulator.voice import Voice
from adapters.ble.simulator.world import World

ITS_ADDRESS = "00:1A:7D:DA:71:{:02X}"
"""Of a radio that nobody has named, by its number: as cheap USB sticks have them."""
_NAME = re.compile(r"hci\d+")


class Ether:
    """As long as it is plugged in; `address` and `name` are the radio's."""

    def __init__(self, world: World, link: BleLink) -> None:
        self._world = world
        named = link.radio if link.radio is not None and _NAME.fullmatch(link.radio) else None
        self.name = named or next(name for name in map("hci{}".format, count()) if name not in world.names)
        self.address = link.radio if link.radio is not None and not named else ITS_ADDRESS.format(int(self.name[3:]))
        self._peripherals: dict[str, Peripheral] = {}
        self._radio = self._plugged()

    @property
    def is_used(self) -> bool:
        """Whether anybody scans with the radio, or is connected to somebody."""
        scans = self._radio.adapter is not None and bool(self._radio.adapter.discovery)
        return scans or any(each.connected for each in self._peripherals.values())

    def hear(self, address: str, voice: Voice, uuids: tuple[str, ...], *, random: bool) -> None:
        """Somebody advertises; `uuids`: services that can be connected to."""
        packet = voice.next()
        self._radio.advertise(
            address,
            voice.rssi,
            name=packet.name or voice.name,
            manufacturer=packet.manufacturer,
            services=packet.services,
            uuids=uuids,
            tx_power=voice.tx_power,
            random=random,
        )

    def add(self, peripheral: Peripheral) -> None:
        """Somebody can be connected to."""
        self._peripherals[peripheral.address] = peripheral
        self._radio.add(peripheral)

    def move(self, peripheral: Peripheral, before: str) -> None:
        """Somebody has another address than before."""
        peripheral.hang_up()
        del self._peripherals[before]
        self._radio.vanish(before)
        self.add(peripheral)

    def lose(self, address: str) -> None:
        """Somebody goes out of range."""
        self._radio.vanish(address)

    def find(self, address: str) -> None:
        """Somebody comes back."""
        self._radio.appear(address)

    async def spoil(self, fault: RadioFault) -> None:
        """Let this be wrong from now on."""
        match fault:
            case RadioFault.OFF:
                self._radio.set_powered(False)
            case RadioFault.GONE:
                self._unplug()
            case RadioFault.STUCK:
                self._radio.stick_scan()
            case RadioFault.RESTART:
                await self._world.restart_bluez()
            case RadioFault.BUS:
                await self._world.lose_bus()

    async def mend(self) -> None:
        """Nothing is wrong with the radio and what is between it and a gateway."""
        await self._world.mend()
        if self.name not in self._world.names:
            self._radio = self._plugged()
        self._radio.set_powered(True)

    def close(self) -> None:
        """For good."""
        if self.name in self._world.names:
            self._unplug()

    def _plugged(self) -> Radio:
        self._world.names.add(self.name)
        radio = self._world.bluez.add_radio(self.address, self.name)
        for peripheral in self._peripherals.values():
            radio.add(peripheral)
        return radio

    def _unplug(self) -> None:
        self._world.names.discard(self.name)
        self._radio.remove()
