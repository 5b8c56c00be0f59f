"""One poll period of one device: its blocks read together, one sample made of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import chain

from adapters.modbus.blocks.learn import GOOD, LASTING, Facts, Search
from adapters.modbus.blocks.plan import Block, Cell, plan
from adapters.modbus.blocks.registers import picker
from adapters.modbus.blocks.scaling import Scaling
from adapters.modbus.bus.unit import is_no_answer
from adapters.modbus.polls.findings import news
from adapters.modbus.polls.read import Read, sifted
from adapters.modbus.polls.target import Target
from adapters.modbus.wire.exchange import TIMED_OUT
from adapters.modbus.wire.frames import Frames, read_frames
from gateway.model import Bad, BadReason, DeviceState, PointGroup, Sample
from gateway.values import Spoiled

GIVE_UP_AFTER = 2
"""Blocks without an answer, and none before: the rest of this poll is not even sent."""
SLACK_S = 5.0
"""A poll may wait so long for those due earlier: on a bus that is never idle, one an hour would wait an hour."""
REMIND_S = 5.0
"""While a dead device rests its points are reported bad so often, lest they turn stale (after 10 s)."""


class Poll:
    """The cycle of one group; `wake` begins one, the last of its reads ends it."""

    def __init__(self, group: PointGroup, cells: tuple[Cell, ...], target: Target) -> None:
        self.target = target
        self.trouble: BadReason | None = None
        self.silent = False
        self._group = group
        self._cells = cells
        self._scaling = Scaling(cells)
        self._is_scaled = bool(self._scaling)
        self._loop = asyncio.get_running_loop()
        self._bus, self._unit, self._emit = target.bus, target.unit, target.emit
        self._pending = self._total = self._silences = 0
        self._clean = True
        self._overrun = False
        self._heard_s = self._due_s = 0.0
        self._said_s = -REMIND_S
        self._extras: list[Read] = []
        self._found: list[Facts] = []
        self._plan()

    def wake(self) -> bool:
        """Begin a cycle; False if the last one has not ended yet: then it begins when that does, once."""
        if self._pending:
            self._overrun = True
            return False
        if self._careful:
            self._wake_carefully()
        else:
            self._clean = True
            self._start(self._reads)
        return True

    def read(self, read: Read) -> None:
        """A block has arrived."""
        self._heard_s = time.time()
        if read.spoiled is not None:
            self._clean = False
        self._pending -= 1
        if read.search is not None:
            self._search_on(read.search, GOOD)
        if not self._pending:
            self._finish()

    def missed(self, read: Read, bad: Bad) -> None:
        """A block did not arrive."""
        self._clean = False
        self._pending -= 1
        if is_no_answer(bad):
            self._silences += 1
            if self._silences >= GIVE_UP_AFTER and not self._answered:
                self._give_up()
        else:
            self._heard_s = time.time()
        if read.search is not None:
            self._search_on(read.search, bad.code if bad.code in LASTING else None)
        elif bad.code in LASTING and not self._lookout:
            self._search(Search(read.block, bad.code))
        if not self._pending:
            self._finish()

    def unit_failed(self) -> None:
        """The device does not answer any more: what was read before is not news."""
        self._careful = True
        if not self._pending and not self.silent:
            self._said_s = -REMIND_S
            self._remind(self._loop.time())

    def unit_revived(self) -> None:
        """The device answers again: no need to wait for the next slot."""
        if self.silent and not self._pending:
            self._begin(self._loop.time())

    @property
    def smallest(self) -> Iterator[Frames]:
        """The first point of each block, by itself."""
        return (read_frames(self.target.unit_id, Block(read.block.cells[:1])) for read in self._reads)

    @property
    def _answered(self) -> bool:
        """Whether anything in this cycle has."""
        return self._total - self._pending > self._silences

    def _plan(self) -> None:
        """The blocks to read, as far as is known of the device."""
        learned = self.target.learned
        blocks = plan(self._cells, self.target.limits, learned.cuts, learned.absent)
        self._lookout = not blocks
        self._reads = [self._read_of(block) for block in blocks or (Block(self._cells[:1]),)]
        self._asked: Sequence[Read] = self._reads
        places = [cell.place for read in self._reads for cell in read.layout.cells]
        planned = set(places)
        self._unread = {
            cell.name: Bad(BadReason.DEVICE_ERROR, code=learned.absent[cell.span])
            for cell in self._cells
            if cell.place not in planned
        }
        self._planned = learned.changes
        self._arrange = picker(sorted(range(len(places)), key=places.__getitem__))
        self._careful = bool(learned or learned.told or self._unread)

    def _read_of(self, block: Block, search: Search | None = None) -> Read:
        return Read(block, self.target.unit_id, self._unit.timeout_s, self, search)

    def _start(self, reads: Sequence[Read]) -> None:
        """Until its period is over, but soon; what has never been read, or not for long, is due now."""
        self._extras.clear()
        self._asked = reads
        self._total = self._pending = len(reads)
        self._silences = 0
        self._due_s = self._loop.time() + (min(self._group.every_s, SLACK_S) if self._unit.alive else 0.0)
        self._bus.poll(reads, self._due_s, doubtful=self._unit.doubtful)

    def _give_up(self) -> None:
        for read in self._asked:
            if self._bus.withdraw(read):
                read.trouble = TIMED_OUT
                self._total -= 1
                self._pending -= 1

    def _wake_carefully(self) -> None:
        now_s = self._loop.time()
        learned = self.target.learned
        if learned.outdated(time.time()):
            learned.forget()
        if self._planned != learned.changes:
            self._plan()
        if self._unit.patience.failures:
            self._unit.knock()
            self._remind(now_s)
        else:
            self._begin(now_s)

    def _begin(self, now_s: float) -> None:
        """Read what may be tried now."""
        self._extras.clear()
        self._clean = not (
            self.silent
            or self._unread
            or self.target.learned.told
            or self._unit.patience.failures
            or self._some_block_fails
        )
        ready = [read for read in self._reads if self._may_try(read, now_s)]
        if ready:
            self._start(ready)
        else:
            self._remind(now_s)

    @property
    def _some_block_fails(self) -> bool:
        return any(read.patience.failures for read in self._reads)

    def _may_try(self, read: Read, now_s: float) -> bool:
        return read.patience.ready(now_s) and (not read.patience.dead or self._bus.may_probe(now_s))

    def _search(self, search: Search) -> None:
        """Read the next part of a refused block, or keep what was found."""
        if search.next is None:
            self._found.append(search.facts())
            return
        part = self._read_of(search.next, search)
        self._extras.append(part)
        self._total += 1
        self._pending += 1
        self._bus.poll((part,), self._due_s)

    def _search_on(self, search: Search, code: int | None) -> None:
        search.note(code)
        self._search(search)

    def _finish(self) -> None:
        if self._clean:
            self._finish_cleanly()
        else:
            self._finish_carefully()
        if self._overrun and not self._pending:
            self._overrun = False
            self.wake()

    def _finish_cleanly(self) -> None:
        reads = self._reads
        values = reads[0].values if len(reads) == 1 else list(chain.from_iterable([read.values for read in reads]))
        arranged = self._arrange(values)
        if self._is_scaled:
            try:
                arranged = self._scaling.values(arranged)
            except Spoiled:
                self._finish_carefully()
                return
        self._emit(Sample(self._group, int(self._heard_s * 1000), arranged))
        if self._unit.state is not DeviceState.ONLINE:
            self.trouble = None
            self._unit.report(self._loop.time())

    def _finish_carefully(self) -> None:
        now_s = self._loop.time()
        answered = self._answered
        held_against_unit = not answered and self._unit.missed()
        if held_against_unit:
            self._fail_all()
        else:
            self._judge_blocks(now_s)
        self._say(int(self._heard_s * 1000) if answered else time.time_ns() // 1_000_000, now_s)
        self._conclude(now_s, answered=answered)

    def _conclude(self, now_s: float, *, answered: bool) -> None:
        """What this cycle means for the device, the link and the next cycle."""
        read = [] if self._lookout else self._read_cells  # all of it comes in the next cycle, and is told then
        self.silent = not answered
        if self._lookout and self._reads[0].trouble is None:
            self.target.learned.forget()
            self._plan()
        elif self._found:
            for facts in self._found:
                self.target.learned.add(facts, time.time())
            self._found.clear()
            self._plan()
        base = self.target.address_base
        for notice in news(self._unit.device, self.target.learned, self._cells, read, base):
            self._emit(notice)
        if answered and self._unit.patience.failures:
            self._unit.answered()
        learned = self.target.learned
        self._careful = bool(not answered or learned or learned.told or self._unread or self._some_block_fails)
        self._unit.report(now_s)

    @property
    def _read_cells(self) -> list[Cell]:
        """What has arrived in this cycle."""
        arrived = (read for read in chain(self._asked, self._extras) if read.trouble is None)
        return [cell for read in arrived for cell in read.block.cells]

    def _judge_blocks(self, now_s: float) -> None:
        """A block that is silent while its device answers is left alone like a dead device."""
        for read in self._asked:
            if read.trouble is None or not is_no_answer(read.trouble):
                read.patience.answered()
            else:
                if read.patience.dead:
                    self._bus.probed(now_s, read.timeout_s)
                read.patience.failed(now_s, read.timeout_s)

    def _fail_all(self) -> None:
        """No block has a value any more, whether it was asked for or not."""
        why = next((read.trouble for read in self._asked if read.trouble is not None), TIMED_OUT)
        for read in self._reads:
            read.trouble = why

    def _remind(self, now_s: float) -> None:
        """Nothing may be asked now: say so before the points turn stale."""
        for read in self._reads:
            read.trouble = read.trouble or TIMED_OUT
        self.silent = True
        if now_s - self._said_s >= REMIND_S:
            self._say(time.time_ns() // 1_000_000, now_s)

    def _say(self, time_ms: int, now_s: float) -> None:
        """Emit what is good and why the rest is not."""
        values, bad = sifted(chain(self._reads, self._extras), len(self._cells), self._unread)
        scaled = self._scaling.sift(values, bad)
        self.trouble = next((why.reason for why in bad.values()), None)
        self._said_s = now_s
        self._emit(Sample(self._group, time_ms, scaled, bad))
