"""What is there: ports, and what is said on them."""
