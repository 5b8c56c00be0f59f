"""The outbox: what is kept for one endpoint until its far end has acknowledged it."""
