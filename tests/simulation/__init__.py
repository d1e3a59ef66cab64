"""Seeded simulation: real shards on virtual time, in a world that crashes, repeats, delays and lies about the time.

`python -m tests.simulation --seed 7` runs one seed and shows what happened; `make simulate` runs many.
"""
