"""Patterns for text, by an engine whose time grows with the text and nothing else. Pure."""

from adapters.serial.patterns.pattern import PatternText

__all__ = ["PatternText"]
