"""What every command promises of its answers."""

import json


def only_document(result):
    """The one JSON document that a successful command prints, and nothing beside it."""
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


def assert_one_sentence(result, *parts):
    """Bad input: exit code 2, and one sentence on stderr that has these parts."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("unstuck: ")
    assert result.stderr.count("\n") == 1
    for part in parts:
        assert part in result.stderr
