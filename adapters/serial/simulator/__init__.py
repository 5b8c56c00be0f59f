"""The devices of a link, served as if they were there."""
