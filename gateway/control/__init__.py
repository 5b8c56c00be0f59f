"""The way in from the box itself: an HTTP API on a unix socket."""
