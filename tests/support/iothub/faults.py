"""What the test server is told to do amiss; a test sets it at any time."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Faults:
    """All off at first; counters count down."""

    connacks: list[int] = field(default_factory=list)
    """What the next CONNECTs are answered with: 3 unavailable, 5 not authorised."""
    hang: bool = False
    """It reads, and answers nothing at all."""
    deaf: bool = False
    """What is asked of the twin, or of DPS, is never answered; all else is."""
    quota_spent: bool = False
    """The day's messages are spent: it lets connect, then cuts, without a PUBACK or a reason."""
    puback_delay_s: float = 0.0
    """Traffic shaping: PUBACKs come late."""
    throttled_after: int | None = None
    """So many publishes of each connection are taken; the next ends it."""
    cut_after: int | None = None
    """So many publishes from now on are acknowledged; the next ends its connection, once."""
    cut_after_storing: bool = False
    """Whether that one was stored, so that it comes twice when it is sent again."""
    poison: Callable[[bytes], bool] | None = None
    """A body that it answers by closing the connection, each time."""
    twin_statuses: list[int] = field(default_factory=list)
    """What the next twin requests are answered with: 429 throttled, 500 and others."""
    is_basic: bool = False
    """It is of the basic tier: there is nothing to subscribe to. How it says so stands nowhere: here, by the SUBACK."""
    suback_delay_s: float = 0.005
    """What is asked of the twin before the SUBACK has left is a violation."""
