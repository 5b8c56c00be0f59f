"""Connecting: TCP, through a proxy or not, TLS, WebSocket. Never blocks the loop; at most `connect_timeout`."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from typing_extensions import override

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.reach.address import Address, bracketed
from gateway.endpoints.reach.certificates import Certificate, certificate_of
from gateway.endpoints.reach.proxies import ask_for
from gateway.endpoints.reach.settings import ReachConfig
from gateway.endpoints.reach.tcp import connect_tcp
from gateway.endpoints.reach.troubles import about_their_certificate, about_tls
from gateway.endpoints.reach.wire import Wire

LOOK_SHARE = 0.9
"""Of `connect_timeout`: after that a certificate that was refused is no longer looked at, and what is known is said."""


async def dial(
    address: Address, config: ReachConfig, on_data: Callable[[], None], on_lost: Callable[[Exception | None], None]
) -> Wire:
    """A connection that is open for MQTT; raises EndpointError with a sentence that names the address."""
    way = _Way(address, config)
    wire = way.wire(on_data, on_lost)
    try:
        async with asyncio.timeout(config.connect_timeout):
            await way.open(wire)
    except TimeoutError:
        raise EndpointError(f"{address} does not answer within {config.connect_timeout:g} s ({way.doing})") from None
    except OSError as error:
        raise EndpointError(f"can't connect to {address}: {error}") from error
    return wire


class _Way:
    """The way to one address, step by step; `doing` says which step it is at."""

    def __init__(self, address: Address, config: ReachConfig) -> None:
        self._address = address
        self._config = config
        self._name = config.tls.server_name or address.host
        self._look_until_s = asyncio.get_running_loop().time() + LOOK_SHARE * config.connect_timeout
        self.doing = ""

    def wire(self, on_data: Callable[[], None], on_lost: Callable[[Exception | None], None]) -> Wire:
        """What MQTT is to be spoken over; not connected yet."""
        address = self._address
        if address.path is None:
            return Wire(on_data, on_lost)
        from gateway.endpoints.reach.websocket import WebSocketWire  # noqa: PLC0415 -- costs 30 ms, and few need it

        scheme, host = ("wss", self._name) if address.secure else ("ws", address.host)
        return WebSocketWire(on_data, on_lost, f"{scheme}://{bracketed(host)}:{address.port}{address.path}")

    async def open(self, wire: Wire) -> None:
        """Take every step; when one fails, or is cancelled, everything is closed. Raises OSError with a sentence."""
        context = None
        if self._address.secure:
            self.doing = "reading certificates"
            context = await asyncio.to_thread(self._config.tls.context)
        try:
            await self._greet(wire, context)
        except ssl.SSLCertVerificationError as error:
            shown = await self._shown_certificate()
            has_ca = self._config.tls.ca is not None
            raise OSError(about_their_certificate(error, self._name, shown, has_ca=has_ca)) from error

    async def _connected(self) -> socket.socket:
        """TCP to the address, through the proxy if there is one."""
        address, proxied = self._address, self._config.proxy
        if proxied is None:
            return await connect_tcp(address.host, address.port, self._does)
        proxy = proxied.proxy
        try:
            sock = await connect_tcp(proxy.host, proxy.port, lambda step: self._does(f"proxy {proxy}: {step}"))
        except OSError as error:
            raise OSError(f"no way to the proxy {proxy}: {error}") from error
        self.doing = f"the proxy {proxy} was asked and says nothing"
        try:
            await ask_for(address, proxy, sock)
        except BaseException:
            sock.close()
            raise
        return sock

    def _does(self, step: str) -> None:
        self.doing = step

    async def _greet(self, wire: Wire, context: ssl.SSLContext | None) -> None:
        """TCP, then TLS and WebSocket, if they are spoken there."""
        raw = await self._transport()
        try:
            if context is None:
                raw.set_protocol(wire)
                wire.connection_made(raw)
                raw.resume_reading()
            else:
                wire.connection_made(await self._secured(raw, wire, context))
            wire.give_up_after(self._config.tcp_user_timeout)
            self.doing = "connected, but the WebSocket handshake is not answered"
            await wire.greet()
        except BaseException:
            raw.abort()
            raise

    async def _transport(self) -> asyncio.Transport:
        """Nothing has been read from it, nor will be until its protocol is set."""
        sock = await self._connected()
        raw, _ = await asyncio.get_running_loop().create_connection(_Waiting, sock=sock)
        return raw

    async def _secured(
        self, raw: asyncio.Transport, protocol: asyncio.Protocol, context: ssl.SSLContext
    ) -> asyncio.Transport:
        self.doing = "connected, but the TLS handshake is not answered: is it a port without TLS?"
        patience_s = self._config.connect_timeout + 1  # ours ends first
        try:
            secured = await asyncio.get_running_loop().start_tls(
                raw, protocol, context, server_hostname=self._name, ssl_handshake_timeout=patience_s
            )
        except ssl.SSLCertVerificationError:
            raise
        except OSError as error:
            raise OSError(about_tls(error)) from error
        assert secured is not None
        return secured

    async def _shown_certificate(self) -> Certificate | None:
        """What the far end shows to those who take everything; nothing else is said to it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            async with asyncio.timeout_at(self._look_until_s):
                raw = await self._transport()
                try:
                    secured = await self._secured(raw, asyncio.Protocol(), context)
                    der = secured.get_extra_info("ssl_object").getpeercert(binary_form=True)
                    return await asyncio.to_thread(certificate_of, der) if der else None
                finally:
                    raw.abort()
        except (OSError, ValueError):
            return None


class _Waiting(asyncio.Protocol):
    """Has nothing read from the connection yet."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
