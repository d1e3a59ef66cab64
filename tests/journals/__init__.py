"""Journals of each version of the engine, kept: what was written once is replayed for ever."""
