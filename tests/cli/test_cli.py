"""What holds for all commands."""

import os
import subprocess
import sys

import pytest

from tests.cli.answers import assert_one_sentence
from unstuck.cli import main


def test_an_unknown_command_is_one_sentence(shell):
    assert_one_sentence(shell("nonsense"), "nonsense")


def test_the_name_alone_shows_the_commands_a_line_each(shell):
    result = shell()
    assert result.exit_code == 2
    assert "\n  diagnose  Find out why a network does not learn.\n" in result.stderr


def test_a_command_typed_wrongly_says_where_its_help_is(shell):
    assert_one_sentence(shell("predict"), "Missing argument 'MODEL'", "predict --help")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full is needed")
def test_a_full_disk_is_named_without_its_number():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "unstuck", "rules"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "unstuck: No space left on device\n")


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
