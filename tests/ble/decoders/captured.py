"""Advertisements of real devices, and what they say.

The bytes were recorded by users of bleparser (MIT), and stand in its tests and in those of ble_monitor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.ble.advert import Advert
from adapters.ble.config import full_uuid
from gateway.model import Value


class Captured(NamedTuple):
    """`data`: the AD structures, in hex."""

    family: str
    address: str
    data: str
    says: Mapping[str, Value]
    model: str
    key: str = ""

    @property
    def advert(self) -> Advert:
        return advert(self.address, bytes.fromhex(self.data))


def advert(address: str, data: bytes) -> Advert:
    """As BlueZ tells AD structures (Core Specification Supplement 12, Part A, 1)."""
    name: str | None = None
    manufacturer: dict[int, bytes] = {}
    services: dict[str, bytes] = {}
    uuids: list[str] = []
    while data and data[0]:
        kind, value, data = data[1], data[2 : data[0] + 1], data[data[0] + 1 :]
        if kind in (0x02, 0x03):
            uuids += [full_uuid(int.from_bytes(value[at : at + 2], "little")) for at in range(0, len(value), 2)]
        elif kind in (0x06, 0x07):
            whole = value[::-1].hex()
            uuids.append("-".join((whole[:8], whole[8:12], whole[12:16], whole[16:20], whole[20:])))
        elif kind in (0x08, 0x09):
            name = value.decode()
        elif kind == 0x16:
            services[full_uuid(int.from_bytes(value[:2], "little"))] = value[2:]
        elif kind == 0xFF:
            manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
    return Advert(address, 0, -60, name, manufacturer=manufacturer, services=services, uuids=tuple(uuids))


CAPTURED = [
    Captured("govee", "E3:60:59:61:BB:AA", "0cff88ec00ba0af90f63020101",
             {"temperature": 27.46, "humidity": 40.89, "battery": 99}, "H5051/H5071"),
    Captured("govee", "E0:12:1D:61:BB:AA", "0aff88ec0088078c116402",
             {"temperature": 19.28, "humidity": 44.92, "battery": 100}, "H5074"),
    Captured("govee", "E1:12:1D:61:BB:AA", "0d09475648353130325f43423942030388ec02010509ff0100010103cb0164",
             {"temperature": 24.8, "humidity": 57.7, "battery": 100}, "H5101/H5102/H5177"),
    Captured("govee", "A4:C1:38:61:BB:AA", "0d09475648353037355f43423942030388ec02010509ff88ec0003215d6400",
             {"temperature": 20.5, "humidity": 14.9, "battery": 100}, "H5072/H5075"),
    Captured("govee", "A4:C1:38:DF:C5:45", "0A09423531373843353435030388EC0201050CFF010001010003A00F640000",
             {"temperature": 23.7, "humidity": 58.3, "battery": 100}, "H5178"),
    Captured("govee", "A4:C1:38:DF:C5:45", "0A09423531373843353435030388EC0201050CFF010001010102FC87640002",
             {"temperature_2": 19.5, "humidity_2": 71.9, "battery_2": 100}, "H5178-outdoor"),
    Captured("govee", "E3:32:81:12:18:6F", "0CFF0188EC000101A00AA2175B",
             {"temperature": 27.2, "humidity": 60.5, "battery": 91}, "H5179"),
    Captured("govee", "C7:31:30:30:55:44", "0201060303518214ff30554401000101e401860834ffff860960ffff",
             {"temperature": 21.0, "temperature_2": 24.0}, "H5182"),
    Captured("govee", "C7:31:30:30:55:44", "0201060303518214ff30554401000101e4018608341cdc8609602249",
             {"temperature": 21.0, "temperature_alarm": 73.88, "temperature_2": 24.0, "temperature_alarm_2": 87.77},
             "H5182"),
    Captured("govee", "A4:C1:38:AC:AE:ED", "0303518302010511ff5DA1B401000101E400800A2813240000000000000000",
             {"temperature": 26.0, "temperature_alarm": 49.0}, "H5183"),
    Captured("govee", "D8:33:36:32:49:0A", "0201060303518517ff32490a01000101e4c1ff0960ffffffff0a28ffffffff",
             {"temperature": 24.0, "temperature_2": 26.0}, "H5185"),
    Captured("inkbird", "34:14:B5:AB:F4:7B", "0201060302f0ff0fff000000003414b5abf47bc800d200",
             {"temperature": 20.0, "temperature_2": 21.0}, "iBBQ-2"),
    Captured("inkbird", "49:42:08:00:63:7A", "04097370730aff9c08f41000ba4e6408",
             {"temperature": 22.04, "humidity": 43.4, "battery": 100}, "IBS-TH"),
    Captured("sensirion", "F8:EA:DC:3C:67:35", "0201060dffd506000867355367925c0b0406094d79434f32",
             {"temperature": 25.63, "humidity": 36.16, "co2": 1035}, "MyCO2"),
    Captured("sensirion", "FF:67:C0:C3:E2:E7", "0201060bffd5060006e2e7036a1c650d09534854343020476164676574",
             {"temperature": 27.47, "humidity": 43.37}, "SHT40 Gadget"),
    Captured("bparasite", "F0:CA:F0:CA:02:01", "02010415161a18110b0aa1542cbca1fffff0caf0ca0201004205096e524635",
             {"temperature": 21.548, "humidity": 73.6832, "voltage": 2.721, "illuminance": 66.0, "moisture": 99.9985},
             "b-parasite V1.1.0"),
    Captured("bparasite", "F0:CA:F0:CA:02:01", "02010413161a18100b0aa1542cbca1fffff0caf0ca020105096e524635",
             {"temperature": 21.548, "humidity": 73.6832, "voltage": 2.721, "moisture": 99.9985}, "b-parasite V1.0.0"),
    Captured("mikrotik", "DC:2C:6E:14:7B:DD", "15FF4F09010010A90000FDFF010000806BE866000062",
             {"uptime": 6744171.0, "battery": 98, "input": False, "tilted": False, "dropped": False, "impact": False},
             "TG-BT5-IN"),
    Captured("mikrotik", "DC:2C:6E:14:7B:DD", "15FF4F09010010A90000FDFF0100A1196BE866000062",
             {"temperature": 25.6289, "uptime": 6744171.0, "battery": 98, "input": False, "tilted": False,
              "dropped": False, "impact": False}, "TG-BT5-OUT"),
    Captured("qingping", "58:2D:34:40:1C:6F", "0201061816CDFD08096F1C40342D580104BE000D0207027226020157",
             {"temperature": 19.0, "humidity": 52.5, "pressure": 984.2, "battery": 87}, "CGP1W"),
    Captured("qingping", "58:2D:34:60:5E:00", "0201061716CDFD0812005E60342D580201640F011C09048B090000",
             {"illuminance": 2443.0, "battery": 100}, "CGPR1"),
    Captured("qingping", "58:2D:34:60:5E:00", "0201061416CDFD4812005E60342D580804008B09000F0122",
             {"illuminance": 2443.0, "motion": False}, "CGPR1"),
    Captured("qingping", "54:48:E6:8F:80:A5", "0201061B16CDFD080EA3808FE64854010422014C011204710072001302ED03",
             {"temperature": 29.0, "humidity": 33.2, "co2": 1005, "pm25": 113.0, "pm10": 114.0}, "CGDN1"),
    Captured("sensorpush", "A4:34:F1:83:F0:90", "0201061106B00A09ECD79DB893BA42D611000009EF06FF04E9187D39",
             {"temperature": 27.69, "humidity": 36.53}, "HT.w"),
    Captured("sensorpush", "A4:34:F1:80:2B:25", "0201061106B00A09ECD79DB893BA42D611000009EF08FF0089E456BEA6B4",
             {"temperature": 22.66, "humidity": 46.07, "pressure": 989.65}, "HTP.xw"),
    Captured("switchbot", "CE:07:22:35:69:F2", "11071bc5d5a50200b89fe6114d22000da2cb0916000d54006400990e",
             {"temperature": 25.0, "humidity": 14.0, "battery": 100}, "Meter TH S1"),
    Captured("switchbot", "C4:F9:26:75:DF:22", "09163dfd6900640098a6",
             {"temperature": 24.0, "humidity": 38.0, "battery": 100}, "Meter TH plus"),
    Captured("teltonika", "C6:6E:54:93:E1:E7", "02010605166e2a860b08095055434b5f5431",
             {"temperature": 29.5}, "Blue Puck T"),
    Captured("teltonika", "F0:2B:02:6A:82:96", "02010605166e2aa30404166f2a2308095055434b5f5448",
             {"temperature": 11.87, "humidity": 35.0}, "Blue Puck RHT"),
    Captured("thermopro", "48:7E:48:F2:0C:87", "0d0954503335392028304338372902010507ffc2ff0035012c",
             {"temperature": 25.5, "humidity": 53.0}, "TP359"),
    Captured("miscale", "C8:47:8C:C0:95:89", "02010603021d1809ff5701c8478cc095890d161d18229e43e507040b101301",
             {"mass": 86.55}, "Mi Scale V1"),
    Captured("miscale", "DF:DE:44:82:14:EF", "02010603021b1810161b180226b20705040f0201ac018642",
             {"mass": 85.15, "impedance": 428.0}, "Mi Scale V2"),
    Captured("bluemaestro", "E0:12:1D:61:BB:AA", "11ff330117550e10061eff2f02a6ff0301000908111111111111111100",
             {"temperature": -20.9, "humidity": 67.8, "dew_point": -25.3, "battery": 85}, "Tempo Disc THD"),
    Captured("hhcc", "DC:23:4D:E4:11:C2", "020106030250fd0c1650fd0e006e0134a428005b",
             {"temperature": 11.0, "moisture": 14.0, "illuminance": 79012.0, "conductivity": 91.0, "battery": 40},
             "HHCCJCY10"),
    Captured("kkm", "DD:34:02:06:D0:6C", "0201060303AAFE1216AAFE21010F0E07192A224FFFFCFFEC03EB",
             {"temperature": 25.42, "humidity": 34.79, "acceleration_x": -0.0392, "acceleration_y": -0.1961,
              "acceleration_z": 9.8361, "voltage": 3.591, "battery": 100}, "K6 Sensor Beacon"),
    Captured("tilt", "04:A3:16:9B:09:5A", "1AFF4C000215A495BB10C5B14B44B5121370F02D74DE004403F8C5",
             {"temperature": 20.0, "gravity": 1.016}, "Tilt Red"),
    Captured("xiaogui", "5F:5A:29:E5:E0:94", "10ffc0a30276138b0002215f5a29e5e094",
             {"mass": 63.0, "impedance": 500.3}, "TZC4"),
    Captured("thermoplus", "06:88:00:00:16:27", "0201060302f0ff15ff110000002716000088063c0c8f01a103b9d70300",
             {"temperature": 24.9375, "humidity": 58.0625, "voltage": 3.132, "battery": 100}, "Smart hygrometer"),
    Captured("brifit", "A4:C1:38:74:B0:85", "05095432303102010614FF55AA0101A4C13874B08501070A1D10F064000100",
             {"temperature": 25.89, "humidity": 43.36, "voltage": 2.63, "battery": 100}, "T201"),
    Captured("almendo", "FC:F5:C4:64:BA:0E", "02010613ffe806010a0a08011800fb09e511a6030f0203020a09",
             {"temperature": 25.55, "humidity": 45.81, "co2": 934, "voc_ppb": 527.0, "air_quality_index": 3},
             "bluSensor Mini"),
    Captured("moat", "E1:12:1D:61:BB:AA", "030388ec02010515ff0010AABBCCDDEEFF11111111d46103cbbe0a0000",
             {"temperature": 20.3, "humidity": 93.127, "voltage": 2.75, "battery": 20}, "Moat S2"),
    Captured("jinou", "F8:81:D2:BE:06:93", "020106030220aa0eff00120700360264f881d2be0693",
             {"temperature": 18.7, "humidity": 54.2}, "BEC07-5"),
    Captured("jaalee", "D0:9F:FF:81:85:13",
             "0201060e1625f560138581ff9fd04f105a3e1bff4c000215ebefd08370a247c89837e7b5634df5254f105a3ecb60",
             {"temperature": 7.41, "humidity": 38.06, "battery": 96}, "JHT"),
    Captured("relsib", "FA:B6:7C:F2:DD:30", "040945436f191620aa84000000b20a200a15030080f04700c2eb0b010b0300",
             {"temperature": 27.38, "humidity": 25.92, "co2": 789, "battery": 71}, "EClerk Eco"),
    Captured("relsib", "FA:B6:7C:F2:DD:30", "040945436f191621aa220a75094303008045636c65726b45636f0000000000",
             {"temperature": 25.94, "humidity": 24.21, "co2": 835}, "EClerk Eco"),
    Captured("inode", "00:12:6F:6D:3A:47", "0201060EFF90820400CFE40000DC05B0ED10020A08",
             {"energy": 39.05, "power": 160.0, "battery": 100}, "iNode Energy Meter"),
    Captured("inode", "D0:F0:18:43:EC:71", "02010619ff909b01a0000000007f14b9298e61af6cde99ef797870ee41",
             {"temperature": 9.4246, "humidity": 75.4896, "battery": 90}, "iNode Care Sensor HT"),
    Captured("kegtron", "D0:CF:5E:5C:9B:75", "1effffff49ef138802e20153696e676c6520506f7274000000000000000000",
             {"volume": 0.738}, "Kegtron KT-100"),
    Captured("kegtron", "D0:CF:5E:5C:9B:75", "1effffff49ef138802e251326e6420506f7274000000000000000000000000",
             {"volume_2": 0.738}, "Kegtron KT-200"),
    Captured("laica", "A0:91:5E:BE:2B:A0", "0201040303b0ff0fffaca0a02bbe5e91a0a02c92140dbf0709414141303032",
             {"mass": 13.0}, "Laica Smart Scale"),
    Captured("acconeer", "E0:09:90:B6:12:34", "02010612ffc0ac806400160001000000000000000000",
             {"battery": 100, "temperature": 22.0, "motion": True}, "Acconeer XM122"),
    Captured("airmentor", "54:48:E6:8F:80:A7", "0201060BFF222100b91963332d0145",
             {"temperature": 24.99, "air_quality_index": 325}, "Air Mentor Pro 2"),
    Captured("airmentor", "54:48:E6:8F:80:A7", "0201060BFF21212710000300030000",
             {"co2": 10000, "pm25": 3.0, "pm10": 3.0}, "Air Mentor Pro 2"),
    Captured("amazfit", "70:87:9E:30:A4:0E", "0201050302e0fe1716e0feba82e6c7fc3414a442bf46ec68000462bba30100",
             {"mass": 85.3, "impedance": 517.2, "heart_rate": 104}, "Amazfit Smart Scale"),
    Captured("smartdry", "00:1B:DC:4B:11:AD", "02010607093241485a44560fffae017de6ea41702360420000c406",
             {"temperature": 29.3625, "humidity": 56.0346}, "SmartDry cloth dryer"),
    Captured("oralb", "A8:1B:6A:B6:73:71", "0201050effdc0003210b0328041107373804",
             {"running": True}, "SmartSeries 7000"),
    Captured("xiaomi", "58:2D:34:35:93:21", "020106151695fe5020aa01da219335342d580d1004fe004802",
             {"temperature": 25.4, "humidity": 58.4}, "LYWSDCGQ"),
    Captured("xiaomi", "C4:7C:8D:6B:4F:F3", "020106030295fe141695fe7120980012f34f6b8d7cc40d041002c400",
             {"temperature": 19.6}, "HHCCJCY01"),
    Captured("xiaomi", "DE:70:E8:B2:39:0C", "0201060c1695fe4030dd032403000101", {"motion": True}, "MUE4094RT"),
    Captured("xiaomi", "00:81:F9:DD:6F:C1", "02010603020918171695fe7022db006fc16fddf9810009002005c60d630d51",
             {"temperature": 36.872, "battery": 81}, "MMC-T201-1"),
    Captured("xiaomi", "E6:71:43:17:5B:11", "020106141695fe7130890437115b174371e6091000020003",
             {"running": True}, "M1S-T500"),
    Captured("xiaomi", "D7:1F:44:EB:8A:91", "020106030295fe1a1695fe50449e0643918aeb441fd70b000920020001807c442f61",
             {"unlocked": True, "lock_action": "unlock outside the door", "lock_method": "biometrics",
              "lock_key": "2"}, "ZNMS16LM"),
    Captured("xiaomi", "F8:24:41:E9:50:74", "141695FE503053013F7450E94124F8011003000000",
             {"button": "single press", "command": "on"}, "YLYK01YL"),
    Captured("xiaomi", "5A:58:2D:34:12:5F", "0201061a1695fe5858480b685f12342d585a0b1841e2aa000e00a4964fb5",
             {"humidity": 59.6}, "CGG1-ENCRYPTED", "814aac74c4f17b6c1581e1ab87816b99"),
    Captured("xiaomi", "58:2D:34:12:20:89", "0201061a1695fe58586f0607892012342d585f176dd54f0200002fa453fa",
             {"temperature": 22.6}, "CGDK2", "a3bfe9853dd85a620debe3620caaa351"),
    Captured("xiaomi", "A4:C1:38:56:53:84", "020106191695fe5858e4162c84535638c1a42b6ef2e91200006c884d9e",
             {"humidity": 58.0}, "LYWSD02MMC", "a115210eed7a88e50ad52662e732a9fb"),
    Captured("xiaomi", "A4:C1:38:02:83:F4", "0201061a1695fe58585b0550f4830238c1a495ef58763c26000097e2abb5",
             {"humidity": 46.7}, "LYWSD03MMC", "e9ea895fac7cca6d30532432a516f3a8"),
    Captured("xiaomi", "2C:11:65:25:70:04", "020106161695fe48590312a41b776e7c96add7000000f2bf545b",
             {"humidity": 45.0}, "XMWSDJ04MMC", "b2cf9a553d53571b5657defd582d676e"),
    Captured("xiaomi", "54:EF:44:E3:9C:BC", "020106191695fe5859970966bc9ce344ef5401081205000000715ebe90",
             {"smoke": True}, "JTYJGD03MI", "5b51a7c91cde6707c9ef18dfda143a58"),
    Captured("xiaomi", "A4:C1:38:66:E5:67", "020106191695fe585989189a67e56638c1a49dd97af3260000c8a60bd5",
             {"opening": True}, "MS1BB(MI)", "0fdcc30fe9289254876b5ef7c11ef1f0"),
    Captured("xiaomi", "EE:89:73:44:BE:98", "0201061b1695fe4855390e35bf9fd9a08beff236ec5bd8315300008e550b6e",
             {"unlocked": True, "lock_action": "unlock outside the door", "lock_method": "biometrics",
              "lock_key": "2"}, "XMZNMS08LM", "2c3795afa33019a8afdc17ba99e6f217"),
    Captured("xiaomi", "F8:24:41:C5:98:8B", "181695FE5830B603D28B98C54124F8C3491476757E00000099",
             {"button": "short press"}, "YLKG07YL/YLKG08YL", "b853075158487ca39a5b5ea9"),
    Captured("xiaomi", "F8:24:41:C5:98:8B", "181695fe5830b603368b98c54124f88bb8f2661351000000d6",
             {"dimmer": -1, "button": "rotate left"}, "YLKG07YL/YLKG08YL", "b853075158487ca39a5b5ea9"),
]  # fmt: skip
