"""The far ends: where envelopes go and commands come from."""
