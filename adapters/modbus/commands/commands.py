"""Commands that write: neighbours in one request, one request after the other, read back where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.commands.asking import Port, ask, blocks_of, read_all, read_exponents, speaks
from adapters.modbus.commands.bundle import Bundle, bundles
from adapters.modbus.commands.verdict import Progress, compared, not_sent, partly, unread, write_trouble
from adapters.modbus.commands.writes import sort, writes_of
from adapters.modbus.config import BIT_TABLES
from adapters.modbus.wire.exchange import GARBLED
from adapters.modbus.wire.frames import Frames, fetch_frames, mask_frames, write_frames, write_read_frames
from adapters.modbus.wire.words import explain
from gateway.adapter import Wrote
from gateway.model import Bad, Result, ResultStatus, Value


async def write_all(port: Port, wanted: Mapping[str, Value], wrote: Wrote) -> Result:
    """Write in the order given; stop at the first that does not succeed. `wrote` is shown each request as it goes.

    Raises Rejected, before anything is written.
    """
    if (refusal := await _gone(port)) is not None:
        return refusal
    exponents = await read_exponents(port, wanted)
    if isinstance(exponents, Result):
        return exponents
    done: dict[str, Value] = {}
    for bundle in bundles(port.device, writes_of(port.device, wanted, exponents)):
        progress = await _carry_out(port, bundle, wrote)
        done |= progress.done
        if (trouble := progress.trouble) is not None:
            return partly(done, f"written: {', '.join(done)}", trouble) if done else trouble
    return Result(ResultStatus.DONE, values={name: done[name] for name in wanted})


async def _gone(port: Port) -> Result | None:
    """A device that did not answer last is asked by a small read first: if that is in vain, it is not touched."""
    if not port.unit.patience.failures:
        return None
    outcome = await ask(port, port.unit.small())
    if isinstance(outcome, NotSent):
        return not_sent(outcome)
    if isinstance(outcome, bytes) or speaks(outcome):
        return None
    detail = f"nothing was written: {explain(outcome)}"
    return Result(ResultStatus.UNREACHABLE, reason=outcome.reason, detail=detail)


async def _carry_out(port: Port, bundle: Bundle, wrote: Wrote) -> Progress:
    """Write these, and read back what asks for it."""
    if port.device.mask_write and not bundle.is_whole:
        trouble = await _mask(port, bundle, wrote)
    else:
        data = bundle.data if bundle.is_whole else await _filled(port, bundle)
        if isinstance(data, Result):
            return Progress({}, data)
        if (block := _read_along(port, bundle)) is not None:
            return await _write_and_read(port, bundle, data, block, wrote)
        multiple = bundle.size > 1 or port.device.write == "multiple"
        frames = write_frames(port.device.unit_id, bundle.table, bundle.start, data, multiple=multiple)
        trouble = await _send(port, bundle, frames, wrote)
    if trouble is not None:
        return Progress({}, trouble)
    if bundle.to_read_back:
        return await _read_back(port, bundle)
    return Progress(bundle.values)


async def _send(port: Port, bundle: Bundle, frames: Frames, wrote: Wrote) -> Result | None:
    """One request to write; None if it succeeded."""
    return write_trouble(bundle, frames.request[1], await ask(port, frames, wrote))


async def _mask(port: Port, bundle: Bundle, wrote: Wrote) -> Result | None:
    """Bits of registers, one after the other, without reading them."""
    for number, (address, mask, bits) in enumerate(bundle.words):
        trouble = await _send(port, bundle, mask_frames(port.device.unit_id, address, mask, bits), wrote)
        if trouble is not None:
            return partly({}, f"{bundle.names}: a part of it is written", trouble) if number else trouble
    return None


async def _filled(port: Port, bundle: Bundle) -> bytes | Result:
    """What is to be written, with all bits that have to stay freshly read."""
    outcome = await ask(port, fetch_frames(port.device.unit_id, *bundle.shared))
    if isinstance(outcome, bytes):
        return bundle.filled(outcome)
    if isinstance(outcome, NotSent):
        return not_sent(outcome)
    detail = f"{bundle.names}: nothing was written, since the bits around could not be read: {explain(outcome)}"
    return unread(outcome, detail)


def _read_along(port: Port, bundle: Bundle) -> Block | None:
    """What the request that writes can read back; None where that takes others."""
    cells = [write.cell for write in bundle.to_read_back]
    if not port.device.read_write or bundle.table in BIT_TABLES or any(cell.scale_from is not None for cell in cells):
        return None
    blocks = blocks_of(port, cells)
    return blocks[0] if len(blocks) == 1 else None


async def _write_and_read(port: Port, bundle: Bundle, data: bytes, block: Block, wrote: Wrote) -> Progress:
    """Both in one request."""
    frames = write_read_frames(port.device.unit_id, bundle.start, data, block)
    outcome = await ask(port, frames, wrote)
    if isinstance(outcome, bytes):
        values: dict[str, Value] = {}
        bad: dict[str, Bad] = {}
        sort(block, outcome, values, bad)
        return compared(bundle, values, bad, "")
    trouble = write_trouble(bundle, frames.request[1], outcome)
    if outcome == GARBLED:  # what it has done can be seen all the same
        progress = await _read_back(port, bundle)
        if progress.trouble is None:
            return progress
    return Progress({}, trouble)


async def _read_back(port: Port, bundle: Bundle) -> Progress:
    """What the device says that it holds now."""
    found = await read_all(port, [write.cell.name for write in bundle.to_read_back])
    why = found.detail or ", ".join(explain(bad) for bad in found.bad.values())
    return compared(bundle, found.values, found.bad, why)
