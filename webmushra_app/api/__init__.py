"""The HTTP API that the listener's page uses, and the one that webMUSHRA pages post to."""
