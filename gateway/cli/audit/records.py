"""Records of commands, from the gateway that runs, else from its file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.cli.control.client import Client, address
from gateway.cli.control.finding import Where
from gateway.cli.control.values import printable, shown
from gateway.cli.control.way import running, translated
from gateway.cli.state import state_of
from gateway.endpoints.payload import iso_ms

Record = Mapping[str, Any]
"""As the API gives it."""

PAGE = 1000
"""Records in one answer at most."""


def records(
    where: Where, device: str | None = None, since_ms: int | None = None, limit: int | None = None
) -> Sequence[Record]:
    """Oldest first; of those that are wanted, the newest `limit`. Raises Refused."""
    client = running(where)
    if client is None:
        from gateway.cli.audit.kept import kept

        return kept(state_of(where.state_dir), device, since_ms or 0, limit)[::-1]
    with translated():
        since = None if since_ms is None else iso_ms(since_ms)
        return list(_paged(client, device, since, limit))[::-1]


def asked(record: Record) -> str:
    """`write setpoint=55`."""
    what = record.get("asked")
    if isinstance(what, Mapping):
        words = [f"{name}={_cell(value)}" for name, value in what.items()]
    else:
        words = [_cell(each) for each in what] if isinstance(what, list) else [_cell(what)]
    return " ".join([record.get("kind", ""), *words]).strip()


def before(record: Record) -> str:
    """`setpoint=50`: what was there until then."""
    return " ".join(f"{name}={_cell(value)}" for name, value in record.get("old", {}).items())


def who(record: Record) -> str:
    """A person of this box, the endpoint, or what of the gateway itself."""
    return printable(record.get("user") or record.get("endpoint") or record["origin"])


def _cell(value: object) -> str:
    return printable(str(value)) if isinstance(value, dict | list) else shown(value)


def _paged(client: Client, device: str | None, since: str | None, limit: int | None) -> Iterator[Record]:
    """Newest first."""
    left, before_number = limit, None
    while left is None or left > 0:
        size = PAGE if left is None else min(left, PAGE)
        page = client.get(address("audit"), device=device, since=since, before=before_number, limit=size)
        yield from page["records"]
        left = None if left is None else left - len(page["records"])
        before_number = page["next"]
        if before_number is None:
            return
