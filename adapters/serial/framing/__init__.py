"""From a stream of bytes to frames, whatever pieces it comes in. Pure."""
