"""The file of an outbox: its tables, what may happen to it, and the room it takes."""
