"""The benchmarks fit the code that they measure: each can be imported, and does nothing yet."""

import importlib
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "benchmarks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
SERVERS = {"app_bare_server", "app_gunicorn", "app_shifted_clock"}  # what others measure


@pytest.mark.parametrize("name", NAMES)
def test_importing_a_benchmark_finds_all_it_needs_and_does_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    module = importlib.import_module(f"benchmarks.{name}")
    assert sys.path == path
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert callable(getattr(module, "main", None)) == (name not in SERVERS)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in SERVERS])
def test_a_benchmark_says_how_it_is_run(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    docstring = source.split('"""')[1]
    assert f"python -m benchmarks.{name}" in docstring
    assert 'if __name__ == "__main__":\n    main(' in source
