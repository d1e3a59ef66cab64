"""What must be true after any crash, and the means to crash things."""
