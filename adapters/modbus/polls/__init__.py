"""Devices read again and again."""
