"""What is read together, what is learned of it, and how its bytes become values. Pure."""
