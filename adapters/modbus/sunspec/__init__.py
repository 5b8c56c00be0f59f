"""SunSpec: devices that say themselves what they have."""
