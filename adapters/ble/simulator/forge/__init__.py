"""What devices advertise, made of values. Pure."""
