"""fieldgate's own adapters; each comes in through the entry points, as a stranger's would."""
