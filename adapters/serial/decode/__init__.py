"""From frames to values. Pure."""
