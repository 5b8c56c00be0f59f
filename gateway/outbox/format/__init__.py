"""SQLite's formats as bytes, for what SQLite itself gives up. Pure."""
