"""What the polls of a link will cost, and what in its configuration is hardly meant."""
