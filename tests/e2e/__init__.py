"""A whole system, used from outside as a person or a program would."""
