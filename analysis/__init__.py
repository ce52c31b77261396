"""Statistics and report of a listening test."""
