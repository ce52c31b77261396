"""Results: the tables that are exported, and the files that they become."""
