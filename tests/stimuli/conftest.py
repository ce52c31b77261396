"""A small stimulus set, rendered once."""

import shutil
import sys
from pathlib import Path

import pytest
from support.small_studies import SMALL, render_text


@pytest.fixture(scope="session")
def small_set(tmp_path_factory) -> Path:
    return render_text(SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture
def small_copy(small_set, tmp_path) -> Path:
    """A copy of the small set, to be spoilt."""
    return Path(shutil.copytree(small_set, tmp_path / "copy"))


@pytest.fixture
def forget_modules(monkeypatch):
    """Import each test's own modules anew."""
    monkeypatch.setattr(sys, "path", sys.path.copy())
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]
