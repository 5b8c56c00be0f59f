"""Patterns for text, by an engine whose time grows with the text and nothing else. Pure."""

from adapters.serial.patterns.overlap import Overlaps, overlap
from adapters.serial.patterns.pattern import Encoding, Found, Pattern, PatternText, compiled, groups_of
from adapters.serial.patterns.sample import sample

__all__ = ["Encoding", "Found", "Overlaps", "Pattern", "PatternText", "compiled", "groups_of", "overlap", "sample"]
