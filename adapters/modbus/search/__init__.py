"""Finding out what is there: who answers, at which setting, and what an address holds."""
