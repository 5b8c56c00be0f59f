"""Brings back what is in files that gave place to another one."""
