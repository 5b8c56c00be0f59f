"""What the command line does with outbox files, beside a daemon or without one."""
