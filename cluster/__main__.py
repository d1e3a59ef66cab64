"""`python -m cluster` is the command `tidewire`."""

from cluster.cli import main

main()
