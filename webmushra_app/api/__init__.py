"""The HTTP API that the participant's page uses, and the one that webMUSHRA pages post to."""
