"""A gateway of our own, for one device and one verb, where none runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.cli.control.client import Client
from gateway.cli.exits import Exit
from gateway.cli.refused import Refused
from gateway.cli.state import state_of

if TYPE_CHECKING:
    from gateway.cli.control.finding import Where


@contextmanager
def alone(where: Where, device: str | None) -> Iterator[Client]:
    """With the same policy, journal and audit; raises InUse while the state directory is another's, and Refused."""
    yield _client(where, device)


def _client(where: Where, device: str | None) -> Client:
    raise Refused(Exit.INTERNAL, f"no gateway runs on {state_of(where.state_dir)}: {device or 'no device'}")
