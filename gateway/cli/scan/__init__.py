"""`fieldgate scan` and the verbs below it: one for each adapter that can look for devices."""
