"""Who is next on the wire, and who is left alone because he does not answer."""
