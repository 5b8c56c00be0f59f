"""Finding things: who advertises, what it says, and what a device offers once it is connected to."""
