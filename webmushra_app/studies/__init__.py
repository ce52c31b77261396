"""Studies: their settings, import, assignment of items, and how long a session takes."""
