"""Patterns for text, by an engine whose time grows with the text and nothing else. Pure."""

from adapters.serial.patterns.pattern import Encoding, Found, Pattern, PatternText, compiled, groups_of

__all__ = ["Encoding", "Found", "Pattern", "PatternText", "compiled", "groups_of"]
