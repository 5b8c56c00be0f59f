"""Connections: requests go out in their frames, and each gets its own reply or none."""
