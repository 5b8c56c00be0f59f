"""Connecting: TCP, through a proxy or not, TLS, WebSocket. Never blocks the loop; at most `connect_timeout`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.reach.address import Address
from gateway.endpoints.reach.settings import ReachConfig
from gateway.endpoints.reach.wire import Wire


async def dial(
    address: Address, config: ReachConfig, on_data: Callable[[], None], on_lost: Callable[[Exception | None], None]
) -> Wire:
    """A connection that is open for MQTT; raises EndpointError with a sentence that names the address."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(config.connect_timeout):
            context = await asyncio.to_thread(config.tls.context) if address.secure else None
            _, wire = await loop.create_connection(
                lambda: Wire(on_data, on_lost), address.host, address.port, ssl=context
            )
        wire.give_up_after(config.tcp_user_timeout)
    except TimeoutError:
        raise EndpointError(f"{address} does not answer within {config.connect_timeout:g} s") from None
    except (OSError, ssl.SSLError) as error:
        raise EndpointError(f"can't connect to {address}: {error}") from error
    return wire
