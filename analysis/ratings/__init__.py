"""The ratings table: its rules, its readers, file formats, and scores as an array."""
