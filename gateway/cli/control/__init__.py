"""The gateway at work, as verbs ask it: through its socket, or where none runs, one that they run themselves."""
