"""A MUSHRA-like listening test in the browser."""
