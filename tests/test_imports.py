"""The packages depend on each other in one direction only, and the light ones stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"autofx_core", "stimuli_gen", "webmushra_app", "analysis"}
RULES = {
    "autofx_core": (set(), {"flask", "sqlalchemy"}),
    "stimuli_gen": ({"autofx_core"}, {"flask", "sqlalchemy"}),
    "webmushra_app": (
        {"stimuli_gen.manifest", "stimuli_gen.contract"},
        {"torch", "pedalboard", "soundfile", "librosa"},
    ),
    "analysis": ({"stimuli_gen.contract"}, {"torch", "flask"}),
}


def imported_names(source: str):
    """Every dotted name that a module imports, 'from a import b' as 'a.b'."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", RULES)
def test_package_imports_only_what_the_architecture_allows(package):
    allowed, banned = RULES[package]
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imported_names(path.read_text(encoding="utf-8")):
            top = name.split(".")[0]
            assert top not in banned, f"{path}: imports {name}"
            if top in OURS - {package}:
                assert any(name == a or name.startswith(a + ".") for a in allowed), (
                    f"{path}: imports {name}"
                )


@pytest.mark.parametrize("module", ["stimuli_gen.contract", "stimuli_gen.manifest"])
def test_shared_modules_of_stimulus_sets_load_nothing_but_pydantic(module):
    """The server and the analysis import them; a new process sees what they bring along."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    third_party = {
        name
        for name in set(answer.stdout.split()) - sys.stdlib_module_names
        if not name.startswith("_")
    }
    of_pydantic = {"annotated_types", "pydantic_core", "typing_extensions", "typing_inspection"}
    assert third_party - of_pydantic == {"pydantic", "stimuli_gen"}
