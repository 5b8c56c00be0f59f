"""BlueZ and its radios, served on a bus of our own: for tests, demonstrations and dry runs."""
