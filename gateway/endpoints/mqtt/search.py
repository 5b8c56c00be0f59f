"""The way to a broker that lets us in, and what a connection teaches about the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from gateway.endpoints.contract import Ack, EndpointError
from gateway.endpoints.mqtt.brokers import NO_ALIASES, NO_RETAIN, SUSPICIOUS_CUTS, Brokers
from gateway.endpoints.mqtt.connection import Connection
from gateway.endpoints.mqtt.packets import Allowed
from gateway.endpoints.mqtt.party import Dismissed, Login, Party, Refused
from gateway.endpoints.mqtt.reasons import ALIAS_INVALID, RETAIN_NOT_SUPPORTED, why_cut
from gateway.endpoints.reach import Address, ReachConfig


class Search:
    """For one connection: `find` once, `saw` meanwhile, `explained` if it fails, `close` in any case."""

    def __init__(self, brokers: Brokers, login_at: Callable[[Address], Login]) -> None:
        self._brokers = brokers
        self._login_at = login_at
        self._address: Address | None = None
        self._client_id = ""
        self._connection: Connection | None = None
        self._in_since_s: float | None = None
        self._was_taken = self._was_refused = False

    async def find(self, party: Party, reach: ReachConfig) -> tuple[Connection, Allowed, Address]:
        """The first broker that lets us in; raises EndpointError with what each of them has answered."""
        answers: list[str] = []
        for address in self._brokers.in_turn:
            login = self._login_at(address)
            self._address, self._client_id = address, login.client_id
            self._connection = connection = Connection(login, party)
            try:
                allowed = await connection.open(address, reach)
            except EndpointError as error:
                self._learn(error, address)
                await connection.close(polite=False)
                if len(self._brokers.in_turn) == 1:
                    raise
                answers.append(str(error) if str(address) in str(error) else f"{address}: {error}")
            else:
                self._in_since_s = asyncio.get_running_loop().time()
                self._brokers.let_in(address)
                if allowed.retain and not login.retain:
                    self._brokers.learn(NO_RETAIN, address, so=False)
                return connection, allowed, address
        raise EndpointError("; ".join(answers))

    def saw(self, acks: Sequence[Ack]) -> None:
        """What the broker has said of publishes."""
        if self._address is not None and any(ack.code == RETAIN_NOT_SUPPORTED for ack in acks):
            self._brokers.learn(NO_RETAIN, self._address, so=True)
        if not self._was_taken:
            self._was_taken = any(ack.code == 0 for ack in acks)
            self._was_refused = not self._was_taken

    def explained(self, error: EndpointError) -> EndpointError:
        """What ended the connection, in the light of those before."""
        if self._in_since_s is None or self._address is None:
            return error
        self._learn(error, self._address)
        if not error.cut or isinstance(error, Dismissed):
            self._brokers.was_not_cut()
            return error
        times = self._brokers.was_cut(asyncio.get_running_loop().time() - self._in_since_s)
        if times < SUSPICIOUS_CUTS:
            return error
        return EndpointError(f"{error}, {why_cut(self._client_id)}", cut=True)

    async def close(self, *, polite: bool, failed: bool) -> None:
        """End the connection, if there is one, and judge the broker by what it did."""
        if self._in_since_s is not None and self._address is not None:
            if self._was_taken:
                self._brokers.was_well()
            elif failed or self._was_refused:
                self._brokers.was_useless(self._address)
        if self._connection is not None:
            await self._connection.close(polite=polite)

    def _learn(self, error: EndpointError, address: Address) -> None:
        """What this broker can't do shows only when it is asked to."""
        if isinstance(error, Refused | Dismissed) and error.said.code == RETAIN_NOT_SUPPORTED:
            self._brokers.learn(NO_RETAIN, address, so=True)
        elif isinstance(error, Dismissed) and error.said.code == ALIAS_INVALID:
            self._brokers.learn(NO_ALIASES, address, so=True)
