"""How many participants and sounds a test needs."""
