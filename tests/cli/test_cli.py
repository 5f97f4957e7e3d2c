"""What holds for all commands."""

import subprocess
import sys

import pytest

from tests.cli.answers import assert_one_sentence
from unstuck.cli import main


def test_an_unknown_command_is_one_sentence(shell):
    assert_one_sentence(shell("nonsense"), "nonsense")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("unstuck train --recipe nie", ["nielsen", "nielsen-cross-entropy"]),
        ("unstuck train --optimizer ada", ["adagrad", "adam", "adamw"]),
        ("unstuck rules momentum-", ["momentum-unscaled", "momentum-sign-wrong"]),
    ],
)
def test_a_shell_completes_recipes_optimizers_and_rules(typed, offered, monkeypatch, capsys):
    asked = {"_UNSTUCK_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main(prog_name="unstuck")
    assert capsys.readouterr().out.split() == [f"plain,{name}" for name in offered]


def test_the_help_lists_every_command(shell):
    text = shell("--help").output
    assert sorted(main.commands) == sorted(
        ["train", "evaluate", "predict", "recipes", "diagnose", "rules", "export", "serve", "mcp"]
    )
    assert all(f"\n  {name} " in text for name in main.commands)


@pytest.mark.parametrize("command", sorted(main.commands))
def test_help_loads_no_numpy(command):
    code = f"from unstuck.cli import main\ntry: main(['{command}', '--help'])\nexcept SystemExit: pass\n"
    code += "import sys; print('numpy' in sys.modules, 'rich' in sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False False\n"
