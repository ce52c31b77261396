"""Fixtures of the analysis tests."""

import pytest
from support.simulated_ratings import simulate_ratings


@pytest.fixture
def ratings_csv(tmp_path):
    """Eight simulated participants, six items, five conditions."""
    path = tmp_path / "ratings.csv"
    simulate_ratings().to_csv(path, index=False)
    return path
