"""Help and errors come before what is slow to load; a new process shows what was loaded."""

import pkgutil
import subprocess
import sys

import pytest
from support.simulated_ratings import simulate_ratings

import analysis

HEAVY = {"pandas", "scipy", "sqlalchemy", "statsmodels", "matplotlib", "jinja2"}


def loaded(*arguments):
    """Run the command; return its exit code, its output and the heavy modules it loaded."""
    code = (
        "import sys, runpy\n"
        "try: runpy.run_module('analysis.report', run_name='__main__', alter_sys=True)\n"
        "finally: print('LOADED', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    said, _, modules = done.stderr.partition("LOADED")
    return done.returncode, done.stdout + said, HEAVY & set(modules.split())


def test_help_loads_no_library_of_the_analysis():
    code, said, modules = loaded("--help")
    assert (code, modules) == (0, set())
    assert "Example: python -m analysis.report" in said


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["--ratings", "none.csv"], set()),
        (["--ratings", "FILE", "--manifest", "none.json"], set()),
        (["--database", "sqlite:///none.sqlite3"], {"sqlalchemy"}),
        (["--ratings", "FILE", "--map", "none.toml"], {"pandas"}),
        (["--ratings", "FILE", "--scale", "1", "5"], {"pandas"}),
        (["--ratings", "FILE", "--primary", "nothing"], {"pandas"}),
    ],
)
def test_an_error_loads_no_more_than_what_found_it(arguments, modules, tmp_path):
    file = tmp_path / "ratings.csv"
    simulate_ratings(participants=3, items=2).to_csv(file, index=False)
    code, said, found = loaded(*(file if a == "FILE" else a for a in arguments))
    assert code == 1
    assert said.startswith("Error: ")
    assert found == modules


def test_importing_the_analysis_does_not_import_matplotlib():
    found = pkgutil.walk_packages(analysis.__path__, "analysis.")
    modules = [module.name for module in found if not module.name.endswith("__main__")]
    assert "analysis.power.figure" in modules
    code = f"import sys, {', '.join(modules)}; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
