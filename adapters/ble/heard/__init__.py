"""What devices say without being asked: from advertisements to samples and states. Pure."""
