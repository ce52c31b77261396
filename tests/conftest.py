"""What all tests share."""

import os

import pytest
from hypothesis import settings

# Test files run side by side, one a core; processes that tests start inherit this.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is slow; that is no reason for a property to fail.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file, so that no core waits for another at the end."""
    items.sort(key=lambda item: item.path.name != "test_readme.py")
