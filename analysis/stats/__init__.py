"""The statistics: each module answers one question about the scores."""
