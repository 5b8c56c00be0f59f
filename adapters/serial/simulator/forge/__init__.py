"""Frames as devices would send them, from what their points shall be worth: decoding, the other way round. Pure."""
