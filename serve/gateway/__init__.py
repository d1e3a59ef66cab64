"""What stands between a request and its route: limits, cache, idempotency, load."""
