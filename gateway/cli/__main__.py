"""`python -m gateway.cli`: the same as `fieldgate`."""

from gateway.cli import main

main()
