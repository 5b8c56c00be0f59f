"""Configuration: from YAML text to a validated site, every error at once, each where it stands."""
