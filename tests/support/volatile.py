"""A block device with a write cache that forgets when the power goes."""

import errno
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path

BLOCK_BYTES = 4096
SECTOR_BYTES = 512
"""What a disk writes wholly or not at all."""

WRITE_BACK = 0.1
"""How probable it is that a write pushes another one out of the cache before anybody flushes."""

FLUSH_S = 0.01
"""How long a flush takes, as on a card: the power can go in the middle of it."""

TORN = 0.1
"""How probable it is that a block was being written when the power went."""


class VolatileImage:
    """A write shows in `view` at once, in `durable` after a flush, or whenever the cache likes."""

    def __init__(self, view: Path, durable: Path, seed: int) -> None:
        self._view, self._durable = os.open(view, os.O_RDWR), os.open(durable, os.O_RDWR)
        self.size = os.fstat(self._view).st_size
        self._random = random.Random(seed)
        self._cached: dict[int, None] = {}
        self._is_cut = False
        self._lock = threading.Lock()

    def read(self, size: int, offset: int) -> bytes:
        with self._lock:
            self._need_power()
            return os.pread(self._view, size, offset)

    def write(self, data: bytes, offset: int) -> int:
        with self._lock:
            self._need_power()
            written = os.pwrite(self._view, data, offset)
            first, last = offset // BLOCK_BYTES, (offset + written - 1) // BLOCK_BYTES
            self._cached.update(dict.fromkeys(range(first, last + 1)))
            if self._random.random() < WRITE_BACK:
                self._write_back(self._random.choice(list(self._cached)))
            return written

    def flush(self) -> None:
        """All that was written before is durable; the power may go in the middle of it."""
        with self._lock:
            blocks = list(self._cached)
            self._random.shuffle(blocks)
        time.sleep(FLUSH_S)
        for block in blocks:
            with self._lock:
                self._need_power()
                if block in self._cached:
                    self._write_back(block)
        self._need_power()

    def cut(self) -> dict[str, int]:
        """The power goes, now: cached blocks are kept, lost or torn (returns how many), and nothing works any more."""
        with self._lock:
            self._is_cut = True
            kept = self._random.random()
            fates = Counter(kept=0, lost=0, torn=0)
            for block in list(self._cached):
                fate = "torn" if self._random.random() < TORN else "kept" if self._random.random() < kept else "lost"
                fates[fate] += 1
                if fate == "kept":
                    self._write_back(block)
                elif fate == "torn":
                    self._tear(block)
            return dict(fates)

    def _need_power(self) -> None:
        if self._is_cut:
            raise OSError(errno.EIO, "no power")

    def _write_back(self, block: int) -> None:
        offset = block * BLOCK_BYTES
        os.pwrite(self._durable, os.pread(self._view, BLOCK_BYTES, offset), offset)
        self._cached.pop(block)

    def _tear(self, block: int) -> None:
        for offset in range(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES, SECTOR_BYTES):
            if self._random.random() < 0.5:
                os.pwrite(self._durable, os.pread(self._view, SECTOR_BYTES, offset), offset)
