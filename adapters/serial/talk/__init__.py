"""What is said to devices, and whose turn it is."""
