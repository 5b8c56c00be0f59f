"""The verb `audit` and the verbs below it."""
