"""What devices advertise, as values. Pure."""
