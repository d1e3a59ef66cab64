"""Types, rules and state machines without any I/O, clock or framework."""
