"""`python -m autofx_core` lists its commands without importing them, and each explains itself."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from autofx_core import __main__ as command_line
from autofx_core.__main__ import COMMANDS, main


def test_the_list_of_commands_needs_neither_torch_nor_numpy():
    command = [sys.executable, "-X", "importtime", "-m", "autofx_core", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"torch", "numpy", "autofx_core.effects"}
    for name, (_, help_text) in COMMANDS.items():
        assert f"{name} " in result.stdout
        assert help_text.split()[0] in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_commands_help_ends_in_an_example(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    lines = result.output.strip().splitlines()
    assert f"Example: python -m autofx_core {name}" in " ".join(" ".join(lines[-3:]).split())


def test_an_unknown_command_is_a_usage_error():
    result = CliRunner().invoke(main, ["recogniser"])
    assert result.exit_code == 2
    assert "No such command 'recogniser'" in result.output


def test_a_missing_package_is_one_line_with_the_extra_that_has_it(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'lightning'", name="lightning")

    monkeypatch.setattr(command_line, "import_module", missing)
    result = CliRunner().invoke(main, ["train"])
    assert result.exit_code == 1
    assert result.output == "Error: this needs lightning: pip install 'autofx[train]'\n"
