"""How many listeners and sounds a test needs."""
