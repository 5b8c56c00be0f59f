"""The verb `outbox` and the verbs below it."""
