"""Files that verbs write."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

NEW_FILE_MODE = 0o666
"""Less the umask, as everybody makes files; a temporary one is its owner's alone."""


@contextmanager
def opened(output: Path | None) -> Iterator[BinaryIO]:
    """Where to write, stdout if not given; a regular file gets its name when it is complete and on disk."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = output.resolve()
    if is_special(target):
        with target.open("wb") as out:
            yield out
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False) as out:
        try:
            yield cast("BinaryIO", out)
            out.flush()
            os.fsync(out.fileno())
            Path(out.name).chmod(NEW_FILE_MODE & ~_umask())
            Path(out.name).replace(target)
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise


def is_special(target: Path) -> bool:
    """A device or a pipe."""
    return target.exists() and not target.is_file()


def _umask() -> int:
    """There is no way to read it without setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
