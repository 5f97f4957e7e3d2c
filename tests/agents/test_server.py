"""Agents reach the diagnosis over standard input, with the client of the protocol's own SDK."""

import sys
from pathlib import Path

import anyio
import pytest

import unstuck
from tests.adapters.scripts.drawn import draw

mcp = pytest.importorskip("mcp")


def ask(*calls):
    """The answers to calls (tool, arguments) of one server, each as (is_error, text, structured content)."""

    async def talk():
        home = str(Path(unstuck.__file__).parents[1])
        server = mcp.StdioServerParameters(
            command=sys.executable, args=["-m", "unstuck.cli", "mcp"], env={"PYTHONPATH": home}
        )
        answers = []
        async with mcp.stdio_client(server) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            names = {tool.name for tool in (await session.list_tools()).tools}
            for tool, arguments in calls:
                answer = await session.call_tool(tool, arguments)
                answers.append((answer.is_error, answer.content[0].text, answer.structured_content))
        return names, answers

    return anyio.run(talk)


def test_a_script_is_diagnosed_explained_and_fixed(tmp_path):
    script, out = tmp_path / "script.py", tmp_path / "out.py"
    script.write_text(draw(12, "sign").text)
    names, (diagnosed, explained, fixed) = ask(
        ("diagnose_file", {"path": str(script)}),
        ("explain_rule", {"rule": "U01"}),
        ("fix_file", {"path": str(script), "out": str(out)}),
    )
    assert names == {"diagnose_file", "explain_rule", "fix_file"}
    assert [finding["code"] for finding in diagnosed[2]["findings"]] == ["U01"]
    assert "update-ascends" in explained[1]
    assert fixed[2]["verified"]
    assert out.read_text() == draw(12, "healthy").text


def test_bad_input_gets_one_sentence(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("x = 1\n")
    _, answers = ask(
        ("diagnose_file", {"path": str(tmp_path / "missing.py")}),
        ("explain_rule", {"rule": "Z99"}),
        ("fix_file", {"path": str(script), "out": str(script)}),
        ("diagnose_file", {"path": str(script), "budget": -1}),
    )
    assert all(is_error for is_error, *_ in answers)
    assert "is the program itself" in answers[2][1]
    assert "budget -1.0: expected a number of seconds above 0" in answers[3][1]
    assert "Traceback" not in "".join(text for _, text, _ in answers)
