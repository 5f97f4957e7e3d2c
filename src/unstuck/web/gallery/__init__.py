"""Small programs that are stuck, one for each link of a training step, and the edit that cures each of them.

Every program is a file of this folder, complete in itself: its first line says what its author sees, `training(seed)`
yields (updates made, loss, accuracy) as the program itself measures them, and `build(seed)` makes its Case. What is
wrong is said here only, so that a reader of the program has to find it, or to ask for the diagnosis.
"""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class StuckProgram:
    """A program with one fault: `code` is the rule that names it, replacing `before` by `after` is the cure."""

    name: str
    title: str
    code: str
    before: str
    after: str

    @cached_property
    def source(self) -> str:
        """The program as it is, stuck."""
        return (FOLDER / f"{self.name}.py").read_text(encoding="utf-8")

    @cached_property
    def symptom(self) -> str:
        """What its author sees: the first line of the program."""
        return (ast.get_docstring(ast.parse(self.source)) or "").splitlines()[0]

    @property
    def cured_source(self) -> str:
        """The program with the cure applied, and nothing else changed."""
        return self.source.replace(self.before, self.after)


PROGRAMS = {
    program.name: program
    for program in (
        StuckProgram(
            name="guesses",
            title="It only guesses",
            code="D10",
            before="""\
    random.shuffle(images)
    random.shuffle(labels)
""",
            after="""\
    order = random.permutation(len(images))
    images, labels = images[order], labels[order]
""",
        ),
        StuckProgram(
            name="one_answer",
            title="Always the same digit",
            code="A05",
            before="    return random.random((n_in, n_out))\n",
            after="    return random.normal(0, n_in**-0.5, (n_in, n_out))\n",
        ),
        StuckProgram(
            name="below_chance",
            title="Sure of itself, and wrong",
            code="F04",
            before="    return 1 / (1 + np.exp(z))\n",
            after="    return 1 / (1 + np.exp(-z))\n",
        ),
        StuckProgram(
            name="silent_outputs",
            title="All outputs go silent",
            code="L04",
            before="    d_output = error(output, T) * output * (1 - output) / len(X)\n",
            after="    d_output = (output - T) * output * (1 - output) / len(X)\n",
        ),
        StuckProgram(
            name="climbing_loss",
            title="The loss climbs",
            code="B01",
            before="            delta = delta @ self.W[i].T * a[i]\n",
            after="            delta = delta @ self.W[i].T * (1 - a[i] ** 2)\n",
        ),
        StuckProgram(
            name="swinging_loss",
            title="Learns, then forgets",
            code="U02",
            before="""\
        self.weight_gradient += self.x.T @ delta
        self.bias_gradient += delta.sum(axis=0)
""",
            after="""\
        self.weight_gradient = self.x.T @ delta
        self.bias_gradient = delta.sum(axis=0)
""",
        ),
        StuckProgram(
            name="unmoved_accuracy",
            title="The loss falls, the accuracy does not rise",
            code="E02",
            before="""\
        order = np.random.permutation(len(x))
        answers = self.predict(x[order]).argmax(axis=1)
""",
            after="""\
        answers = self.predict(x).argmax(axis=1)
""",
        ),
    )
}
