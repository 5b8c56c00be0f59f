"""For `check`: what polls cost the line, and what may not do what is meant."""
