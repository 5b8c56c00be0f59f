"""What `fieldgate outbox` says about one endpoint, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gateway.cli import show
from gateway.outbox.disk.aside import Aside
from gateway.outbox.visit.survey import RESCUED, Files, Survey, bytes_of


class Rates(NamedTuple):
    """Envelopes that were written to disk, and rows that were removed from it, per second between two looks."""

    written: float
    removed: float
    over_s: float


class Standing(NamedTuple):
    """How one outbox stands; `survey` or `fault`, or neither where there is no file.

    `is_forbidden`: the fault is one of permissions. `is_removed`: None where the configuration is not known. `heir`:
    the endpoint that goes on with it at the next start.
    """

    name: str
    files: Files
    survey: Survey | None = None
    fault: str | None = None
    is_forbidden: bool = False
    rates: Rates | None = None
    max_bytes: int | None = None
    is_removed: bool | None = None
    heir: str | None = None


def lines(standing: Standing, now_s: float) -> Iterator[str]:
    """For people; the first line stands alone, the others are indented."""
    survey, removed = standing.survey, "  [not in the configuration]" if standing.is_removed else ""
    if survey is None:
        yield f"{standing.name}: {_absence(standing)}{removed}"
    else:
        yield f"{standing.name}: {_waiting(survey, now_s)}{removed}"
        yield from _details(standing, survey)
    meta: Mapping[str, int] = survey.meta if survey is not None else {}
    for aside in standing.files.set_aside:
        yield f"  set aside   {aside.path.name} ({show.size(bytes_of(aside.path))}): {_rescue(aside, meta)}"
    if standing.heir is not None:
        yield f"  next        '{standing.heir}' goes on with it at the next start"
    if standing.is_removed and survey is not None:
        yield f"  next        take it over by `was: {standing.name}`, or export it, then purge it --everything"


def document(standing: Standing, now_s: float) -> dict[str, Any]:
    """For machines."""
    survey = standing.survey
    meta: Mapping[str, int] = survey.meta if survey is not None else {}
    content: dict[str, Any] = {
        "endpoint": standing.name,
        "file": str(standing.files.current),
        "in_configuration": None if standing.is_removed is None else not standing.is_removed,
        "heir": standing.heir,
        "fault": standing.fault,
        "max_bytes": standing.max_bytes,
    }
    if survey is not None:
        content |= {
            "waiting": survey.rows,
            "readings": survey.readings,
            "bytes": survey.bytes,
            "oldest_ms": survey.oldest_ms,
            "oldest_age_s": _age_s(survey, now_s),
            "oldest_unsynced": survey.is_oldest_unsynced,
            "lost": dict(survey.lost),
            "untold": dict(survey.untold),
            "dead": survey.dead,
        }
    if standing.rates is not None:
        content["rates"] = {
            "written_per_s": round(standing.rates.written, 1),
            "removed_per_s": round(standing.rates.removed, 1),
            "over_s": round(standing.rates.over_s, 3),
        }
    content["set_aside"] = [
        {
            "file": str(aside.path),
            "why": aside.kind,
            "bytes": bytes_of(aside.path),
            "rescued": _is_rescued(aside, meta),
            "missing": meta.get(aside.missing_key),
        }
        for aside in standing.files.set_aside
    ]
    return content


def _absence(standing: Standing) -> str:
    if standing.fault is not None:
        return f"can't be read: {standing.fault}"
    return "no file yet" if not standing.is_removed else "no file"


def _waiting(survey: Survey, now_s: float) -> str:
    age_s = _age_s(survey, now_s)
    if age_s is None:
        return "nothing waits"
    clock = ", stamped while the clock was not set" if survey.is_oldest_unsynced else ""
    return f"{survey.rows:,} waiting ({survey.readings:,} readings), the oldest for {show.span(age_s)}{clock}"


def _details(standing: Standing, survey: Survey) -> Iterator[str]:
    limit, rates = standing.max_bytes, standing.rates
    share = f" of {show.size(limit)} ({survey.bytes / limit:.1%})" if limit else ""
    yield f"  on disk     {show.size(survey.bytes)}{share}"
    if rates is not None:
        yield f"  rates       {rates.written:,.1f}/s written to disk, {rates.removed:,.1f}/s removed from it"
    if survey.lost:
        yield f"  lost        {_losses(survey.lost)} since the file was made"
    if survey.untold:
        yield f"  not told    {_losses(survey.untold)}: a gap will say so"
    if survey.dead:
        letters = show.count(survey.dead, "envelope")
        yield f"  refused     {letters} for good: `fieldgate outbox dead {standing.name}`"


def _losses(counts: Mapping[str, int | None]) -> str:
    return ", ".join(
        f"{'an unknown number' if count is None else f'{count:,}'} {reason}" for reason, count in counts.items()
    )


def _rescue(aside: Aside, meta: Mapping[str, int]) -> str:
    missing = meta.get(aside.missing_key)
    not_found = f", {missing:,} of its envelopes not found" if missing else ""
    is_rescued = _is_rescued(aside, meta)
    if is_rescued:
        return f"rescued{not_found}; may be deleted"
    if is_rescued is None:
        return "from a newer version, kept as it is" if aside.kind == "newer" else "not rescued yet"
    return f"is being rescued{not_found} yet" if not_found else "is being rescued"


def _is_rescued(aside: Aside, meta: Mapping[str, int]) -> bool | None:
    """None if that has not begun, as far as can be known."""
    if aside.is_rescued:
        return True
    return meta[aside.next_key] == RESCUED if aside.next_key in meta else None


def _age_s(survey: Survey, now_s: float) -> float | None:
    """By the wall clock, as it was set when the oldest was stamped."""
    return None if survey.oldest_ms is None else round(max(0.0, now_s - survey.oldest_ms / 1000), 3)
