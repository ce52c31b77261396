"""Make matched, blinded stimulus sets for listening tests."""
