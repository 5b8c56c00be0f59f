"""The radio, through BlueZ."""
