"""Code, comments and documents name modules, names and files of this project that exist."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = "autofx_core|stimuli_gen|webmushra_app|analysis"
DOTTED = re.compile(rf"(?<![\w/.\"'-])({PACKAGES})((?:\.(?!__)[A-Za-z_]\w*)+)")
PATH = re.compile(rf"(?<![\w/.])((?:{PACKAGES}|tests|docs)/[\w./-]*[\w/])")
NOT_OURS = {"autofx_core.EFECTS", "analysis.R", "autofx_core/pretrained/NAME/"}
SUFFIXES = {".py", ".md", ".toml", ".js", ".css", ".html", ".mako", ".conf", ".service", ".R"}
FILES = [
    path
    for folder in (*PACKAGES.split("|"), "tests", "docs")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and path.suffix in SUFFIXES
] + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile", ".demo")]


@cache
def names_in(path: Path) -> set[str]:
    """Every name that a module binds or uses, those within its functions and classes, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def exists(name: str) -> bool:
    """Whether a dotted name is a module, a package, or a name in the deepest module it begins with.

    What follows that name (a method, a field) is not looked at.
    """
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        rest = parts[length:]
        for module in (base.with_suffix(".py"), base / "__init__.py"):
            if module.is_file():
                return not rest or rest[0] in names_in(module)
        if base.is_dir() and not rest:
            return True
    return False


def test_modules_and_names_of_ours_that_a_file_mentions_exist() -> None:
    wrong = [
        (str(path.relative_to(ROOT)), name)
        for path in FILES
        for match in DOTTED.finditer(path.read_text(encoding="utf-8"))
        if (name := "".join(match.groups())) not in NOT_OURS and not exists(name)
    ]
    assert wrong == []


def test_files_of_ours_that_a_file_mentions_exist() -> None:
    wrong = [
        (str(path.relative_to(ROOT)), match[1])
        for path in FILES
        for match in PATH.finditer(path.read_text(encoding="utf-8"))
        if match[1] not in NOT_OURS and not (ROOT / match[1]).exists()
    ]
    assert wrong == []
