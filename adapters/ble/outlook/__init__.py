"""For `check`: what a radio has to do, what can't work, and what may not do what is meant."""
