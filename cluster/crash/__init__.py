"""Crash points of a running instance: bare ports in production, watched ones where a test asked for them."""
