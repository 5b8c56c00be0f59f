"""A far end that hands out identities through device provisioning, and does nothing else."""

from collections.abc import Mapping
from typing import Any, Literal

from typing_extensions import override

from gateway.endpoints.azure_iot_hub.dps import DpsConfig, assigned, remembered
from gateway.endpoints.contract import Endpoint, Identity, Memory, Message, Session
from gateway.endpoints.reach import ReachConfig


class LodgeConfig(ReachConfig):
    type: Literal["lodge"]
    dps: DpsConfig | None = None


class Lodge(Endpoint):
    Config = LodgeConfig

    def __init__(self, config: LodgeConfig, identity: Identity, memory: Memory) -> None:
        pass

    @classmethod
    @override
    def describe(cls, config: LodgeConfig, identity: Identity, memory: Memory) -> Mapping[str, str]:
        kept = remembered(config.dps, memory) if config.dps is not None else None
        return {"hub": kept.host, "device": kept.device_id} if kept is not None else {}

    @classmethod
    @override
    def enrolled(cls, config: LodgeConfig, memory: Memory) -> bool | None:
        return None if config.dps is None else remembered(config.dps, memory) is not None

    @classmethod
    @override
    async def enrol(cls, config: LodgeConfig, memory: Memory) -> None:
        assert config.dps is not None
        await assigned(config.dps, config, memory, anew=True)

    @override
    async def run(self, session: Session) -> None: ...

    @override
    def publish(self, message: Message) -> None: ...

    @override
    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> Any: ...
