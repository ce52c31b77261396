"""Imports point one way, between the packages and within each, and light modules stay light."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import autofx_core

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# What a package may import of ours, and what it must never import.
RULES: dict[str, tuple[set[str], set[str]]] = {
    "autofx_core": (set(), {"flask", "sqlalchemy"}),
    "stimuli_gen": ({"autofx_core"}, {"flask", "sqlalchemy"}),
    "webmushra_app": (
        {
            "stimuli_gen.contract",
            "stimuli_gen.listening_test",
            "stimuli_gen.manifest",
            "stimuli_gen.vocabulary",
        },
        {"torch", "pedalboard", "soundfile", "librosa"},
    ),
    "analysis": ({"stimuli_gen.contract"}, {"torch", "flask"}),
}

# The units (sub-packages and modules) of each package, the lowest first: a unit may import from the
# rows before its own, never from its own row or a later one. `__init__` is the package's own file.
LAYERS = {
    "autofx_core": [
        ["audio", "files", "parallel"],
        ["windows"],
        ["effects"],
        ["sources"],
        ["features"],
        ["metrics"],
        ["networks"],
        ["datasets", "matching"],
        ["training"],
        ["cli"],
        ["__init__", "__main__"],
    ],
    "stimuli_gen": [
        ["contract", "flac", "vocabulary"],
        ["listening_test", "manifest", "seeds", "loudness", "encode", "signal_checks"],
        ["study", "phrases"],
        ["plan"],
        ["reference"],
        ["conditions"],
        ["item_sounds"],
        ["item", "job", "preview"],
        ["check", "rebuild"],
        ["render"],
        ["__init__", "__main__"],
    ],
    "webmushra_app": [
        ["config", "sub_path", "timestamps"],
        ["database", "logs"],
        ["studies", "results"],
        ["api"],
        ["admin"],
        ["__init__"],
        ["server", "simulate"],
        ["__main__", "deploy"],
    ],
    "analysis": [
        ["ratings"],
        ["options"],
        ["stats"],
        ["analyse"],
        ["compare_sets"],
        ["report"],
        ["power"],
        ["__init__"],
    ],
}


def imported_names(path: Path) -> Iterator[str]:
    """Every dotted name that a module imports, at any depth; 'from a import b' as 'a.b'."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import; write its full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def unit_of_file(path: Path) -> str:
    """Return the sub-package or module right below the package, e.g. 'effects' or '__main__'."""
    return path.relative_to(ROOT).with_suffix("").parts[1]


def unit_of_name(name: str, package: str) -> str:
    """Return the unit of an imported dotted name; '__init__' if the package itself has it."""
    second = name.split(".")[1] if "." in name else ""
    is_unit = (ROOT / package / second).is_dir() or (ROOT / package / f"{second}.py").is_file()
    return second if second and is_unit else "__init__"


def arrows(package: str) -> dict[tuple[str, str], str]:
    """Every import between two units of a package, with the file and the name of one of them."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imported_names(path):
            if name.split(".")[0] == package:
                arrow = unit_of_file(path), unit_of_name(name, package)
                if arrow[0] != arrow[1]:
                    found[arrow] = f"{path.relative_to(ROOT)} imports {name}"
    return found


@pytest.mark.parametrize("package", RULES)
def test_a_package_imports_only_what_the_architecture_allows(package: str) -> None:
    allowed, banned = RULES[package]
    for path in sorted((ROOT / package).rglob("*.py")):
        for name in imported_names(path):
            top = name.split(".")[0]
            assert top not in banned, f"{path}: imports {name}"
            if top in RULES.keys() - {package}:
                assert any(name == a or name.startswith(a + ".") for a in allowed), (
                    f"{path}: imports {name}"
                )


@pytest.mark.parametrize("package", LAYERS)
def test_every_unit_of_a_package_has_its_row(package: str) -> None:
    units = {unit_of_file(path) for path in (ROOT / package).rglob("*.py")}
    assert units == {unit for row in LAYERS[package] for unit in row}


@pytest.mark.parametrize("package", LAYERS)
def test_imports_within_a_package_point_from_later_rows_to_earlier_ones(package: str) -> None:
    row_of = {unit: n for n, row in enumerate(LAYERS[package]) for unit in row}
    upward = [
        where for (unit, other), where in arrows(package).items() if row_of[other] >= row_of[unit]
    ]
    assert upward == []


def test_matching_reaches_no_code_that_makes_or_learns_from_training_sounds() -> None:
    found = arrows("autofx_core")
    reached = {"matching"}
    while True:
        more = {to for by, to in found if by in reached} - reached
        if not more:
            break
        reached |= more
    assert {"audio", "effects", "networks"} <= reached
    assert reached & {"datasets", "training", "cli"} == set()


def test_importing_autofx_core_leaves_torch_out_until_a_public_name_is_used() -> None:
    program = """if True:
        import sys
        import autofx_core
        assert "torch" not in sys.modules
        assert {"EFFECTS", "match", "recognise"} <= set(dir(autofx_core))
        assert "torch" not in sys.modules
        autofx_core.recognise
        assert "torch" in sys.modules
        from autofx_core import EFFECTS, match, recognise
        from autofx_core.effects import EFFECTS as effects
        assert EFFECTS is effects and callable(match) and callable(recognise)
    """
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_autofx_core_says_which_name_it_lacks() -> None:
    with pytest.raises(AttributeError, match="'autofx_core' has no attribute 'EFECTS'"):
        autofx_core.EFECTS  # noqa: B018


@pytest.mark.parametrize("package", RULES)
def test_a_package_ships_the_marker_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert "py.typed" in PYPROJECT["tool"]["setuptools"]["package-data"][package]


@pytest.mark.parametrize("module", ["contract", "listening_test", "manifest"])
def test_shared_modules_of_stimulus_sets_load_nothing_but_pydantic(module: str) -> None:
    """The server and the analysis import them; a new process sees what they bring along."""
    loaded = f"import sys, stimuli_gen.{module}"
    code = f"{loaded}; print(*{{name.partition('.')[0] for name in sys.modules}})"
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
