"""Devices read and written because somebody wants it now."""
