"""What is read, told and written over connections."""
