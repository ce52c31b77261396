"""The networks, their weights and cards, and how they are exported."""
