"""Real servers and stand-ins of third parties that tests start themselves."""
