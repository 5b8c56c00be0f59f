"""The files of a configuration: the main one, and those it includes."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config.compose import compose
from gateway.config.diagnostics import Findings, Span, did_you_mean, quoted
from gateway.config.fill import Filler
from gateway.config.nodes import BROKEN, Node
from gateway.config.source import Source

MAX_FILE_BYTES = 8 * 1024 * 1024
"""Far more than any site needs; a larger file is not a configuration."""

GROUPS = ("endpoints", "links", "devices")
"""What maps ids to settings, and may be spread over files."""


@dataclass
class Collection:
    """The entries of one group from all files, by id."""

    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Node] = field(default_factory=dict)


def read(path: Path, findings: Findings, included_at: Span | None = None) -> Node | None:
    """A file's top-level mapping; None where it has none or cannot be read, which is then among the findings."""
    text = _text(path, findings, included_at)
    if text is None:
        return None
    source = Source(path, text)
    known = findings.count
    node = compose(source, findings)
    if node is not None and isinstance(node.data, dict):
        return node
    if node is not None and node.data is not None:
        message = "the top level must be keys and values, beginning with 'version: 1'"
        findings.add("E103", message, node.span)
    elif findings.count == known:
        findings.add("E103", "the file is empty", Span(source, 0, 0))
    return None


def _text(path: Path, findings: Findings, included_at: Span | None) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or "cannot be read") if isinstance(error, OSError) else "not a path"
        findings.add("E100", f"cannot read {path}: {reason}", included_at or path)
        return None
    if len(content) > MAX_FILE_BYTES:
        findings.add("E100", f"larger than {MAX_FILE_BYTES // 1024**2} MiB", path)
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source = Source(path, content.decode("utf-8-sig", errors="replace"))
        at = len(content[: error.start].decode("utf-8-sig", errors="replace"))
        findings.add("E101", "not UTF-8 text - save the file as UTF-8", Span(source, at, at + 1))
        return None


def included(main: Node, filler: Filler, findings: Findings) -> Iterator[Path]:
    """The files that match the main file's `include:` patterns, sorted within each pattern, each once."""
    node = main.children.get("include")
    if node is None or node.data is None:
        return
    if not isinstance(node.data, list):
        findings.add("E106", "expected a list of file patterns, such as [devices/*.yaml]", main.value_span("include"))
        return
    seen = {main.source.path.resolve()}
    for item in node.children.values():
        pattern = filler.value(item)
        if not isinstance(pattern, str):
            if pattern is not BROKEN:
                findings.add("E106", "expected a file pattern as text, such as devices/*.yaml", item.span)
            continue
        for path in _matches(main.source.path.parent, pattern, item, findings):
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _matches(directory: Path, pattern: str, item: Node, findings: Findings) -> list[Path]:
    if not pattern or "\0" in pattern:
        findings.add("E121", "an empty pattern", item.span)
        return []
    if not glob.has_magic(pattern):
        path = directory / pattern
        if path.exists():
            return [path]
        near = did_you_mean(path.name, (each.name for each in path.parent.glob("*"))) if path.parent.is_dir() else ""
        findings.add("E121", f"file {quoted(pattern)} does not exist{near}", item.span)
        return []
    found = sorted(glob.glob(pattern, root_dir=directory, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    paths = [directory / name for name in found if (directory / name).is_file()]
    if not paths:
        findings.add("W204", f"no file matches {quoted(pattern)}", item.span)
    return paths


def collect(roots: list[Node], findings: Findings) -> dict[str, Collection]:
    """The groups of all files together; an id that is defined twice is an error."""
    groups = {name: Collection() for name in GROUPS}
    for root in roots:
        for name, collection in groups.items():
            _add(root, name, collection, findings)
    for root in roots[1:]:
        _refuse_others(root, findings)
    return groups


def _add(root: Node, name: str, collection: Collection, findings: Findings) -> None:
    group = root.children.get(name)
    if group is None or group.data is None or group.data is BROKEN:
        return
    if not isinstance(group.data, dict):
        message = f"expected a mapping of ids to settings under {name!r}"
        findings.add("E106", message, root.value_span(name))
        return
    for key, entry in group.children.items():
        where = group.keys[key]
        if key in collection.keys:
            first = (collection.keys[key].span, "first defined here")
            findings.add("E122", f"{name.removesuffix('s')} {quoted(key)} is defined twice", where.span, first)
        else:
            collection.entries[key] = entry
            collection.keys[key] = where


def _refuse_others(root: Node, findings: Findings) -> None:
    for key in root.children:
        if key not in GROUPS:
            near = did_you_mean(key, GROUPS)
            message = f"{quoted(key)} does not belong into an included file, only {', '.join(GROUPS)}{near}"
            findings.add("E123", message, root.key_span(key))


def entries(collection: Collection) -> Iterator[tuple[Any, Node, Span]]:
    """Each entry with its id and where the id stands."""
    for key, node in collection.entries.items():
        yield key, node, collection.keys[key].span
