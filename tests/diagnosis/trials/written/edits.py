"""The mistakes: which words of which program are replaced by which, and what that is called."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from ..digits import load_digits

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py"))


@dataclass(frozen=True)
class Edit:
    """`old` occurs exactly once in the program; any code of `named_by` names the fault, `also` are true beside it."""

    program: str
    named_by: tuple[str, ...]
    old: str
    new: str
    also: tuple[str, ...] = ()

    @property
    def lines(self) -> range:
        """The lines of the edited program that hold the mistake, counted from 1."""
        text = source(self.program)
        first = text[: text.index(self.old)].count("\n") + 1
        return range(first, first + max(self.new.count("\n"), 0) + 1)


def source(program: str, edit: Edit | None = None) -> str:
    text = (FOLDER / f"{program}.py").read_text()
    if edit is None:
        return text
    if text.count(edit.old) != 1:
        raise ValueError(f"{edit.old!r} occurs {text.count(edit.old)} times in {program}.py, expected once")
    return text.replace(edit.old, edit.new)


def load_case(program: str, folder: Path, edit: Edit | None = None, seed: int = 0):
    """The Case of the program, edited or not, loaded from its own file in `folder`."""
    import unstuck

    file = folder / f"{program}.py"
    file.write_text(source(program, edit))
    spec = importlib.util.spec_from_file_location(f"written_{program}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    fields = module.wire(*load_digits(49), seed)
    return unstuck.Case(**fields, build=lambda seed: load_case(program, folder, edit, seed), name=program)


LATE = """    dz1 = (dz2 @ W2.T) * relu_derivative(z1)
    dW1 = X.T @ dz1
    db1 = np.sum(dz1, axis=0, keepdims=True)
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1
    W2 = W2 - learning_rate * dW2
"""
EARLY = """    W2 = W2 - learning_rate * dW2
    dz1 = (dz2 @ W2.T) * relu_derivative(z1)
    dW1 = X.T @ dz1
    db1 = np.sum(dz1, axis=0, keepdims=True)
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1
"""
STUCK = ("A02", "A03", "A04", "U07", "U13")
EDITS = [
    # book: sigmoid, squared error, columns, example by example
    Edit("book", ("B02",), "self.weights[-l + 1].T, delta) * sp", "self.weights[-l + 1].T, delta)"),
    Edit("book", ("B01",), "sp = sigmoid_prime(zs[-l])", "sp = sigmoid(zs[-l])"),
    Edit("book", ("B03",), "sp = sigmoid_prime(zs[-l])", "sp = sigmoid_prime(activations[-l])"),
    Edit("book", ("B03",), "return sigmoid(z) * (1 - sigmoid(z))", "return z * (1 - z)", ("L04", "U07", *STUCK)),
    Edit("book", ("B10", "U01"), "delta = (activations[-1] - y) *", "delta = (y - activations[-1]) *", STUCK),
    Edit("book", ("B12",), "np.dot(self.weights[-l + 1].T, delta) * sp", "np.ones_like(sp) * sp", ("B14", *STUCK)),
    Edit("book", ("U01", "B10"), "[w - (eta", "[w + (eta", STUCK),
    Edit("book", ("B09", "U07"), "[w - (eta / len(mini_batch))", "[w - eta", ("B17", *STUCK)),
    Edit("book", ("F04",), "np.exp(-z))", "np.exp(z))", ("B10", "U01", *STUCK)),
    Edit("book", ("B13", "U05"), "for l in range(2, self.num_layers):", "for l in range(2, self.num_layers - 1):"),
    Edit("book", ("B08", "B13", "U05"), "            nabla_b[-l] = delta\n", ""),
    Edit("book", ("D07", "D09"), "vectorized_result(y))", "vectorized_result(int(y / 255)))", STUCK),
    # script: globals, ReLU and softmax in rows, labels as numbers
    Edit("script", ("F01",), "np.sum(e, axis=1, keepdims=True)", "np.sum(e)", ("A04", "F02")),
    Edit("script", ("F02",), "np.sum(e, axis=1, keepdims=True)", "np.sum(e, axis=0)", ("A04", "F01")),
    Edit("script", ("B01",), "return (z > 0).astype(float)", "return relu(z)"),
    Edit("script", ("B02",), "(dz2 @ W2.T) * relu_derivative(z1)", "dz2 @ W2.T"),
    Edit("script", ("B06",), LATE, EARLY),
    Edit("script", ("B08",), "db1 = np.sum(dz1, axis=0, keepdims=True)", "db1 = np.sum(dz1)"),
    Edit("script", ("B07", "B14"), "dW2 = a1.T @ dz2", "dW2 = z1.T @ dz2", STUCK),
    Edit("script", ("U05", "B13"), "    W2 = W2 - learning_rate * dW2\n", ""),
    Edit("script", ("U01", "B10"), "W1 = W1 - learning_rate", "W1 = W1 + learning_rate", STUCK),
    Edit("script", ("B09", "U07", "B17"), "    dz2 /= m\n", "", STUCK),
    Edit(
        "script",
        ("A01", "A03", "A04"),
        "np.random.randn(49, 24) * np.sqrt(2 / 49)",
        "np.zeros((49, 24))",
        ("A03", "A04", "A06"),
    ),
    Edit(
        "script",
        ("D02", "U07", "A07"),
        "reshape(len(images), -1) / 255",
        "reshape(len(images), -1) * 1.0",
        (*STUCK, "D05"),
    ),
    Edit("script", ("D05",), "reshape(len(images_test), -1) / 255", "reshape(len(images_test), -1)"),
    Edit("script", ("E01",), "np.argmax(forward(X)[2], axis=1)", "np.argmax(forward(X)[2])"),
    # course: a dictionary, columns, tanh and sigmoid with cross-entropy
    Edit("course", ("B03", "B01"), "(1 - np.power(A_prev, 2))", "(1 - np.power(caches[l - 2][1], 2))", STUCK),
    Edit("course", ("F05",), "A = np.tanh(Z)", "A = Z", ("B01", "B03", "B14", "A08", *STUCK)),
    Edit("course", ("B08",), "np.sum(dZ, axis=1, keepdims=True) / m", "np.sum(dZ) / m"),
    Edit("course", ("L04", "L02", "B04", "B01"), "dZ = AL - Y", "dZ = (AL - Y) * AL"),
    Edit("course", ("U08", "U09"), "learning_rate=0.5, epochs=12", "learning_rate=0.00005, epochs=12", ("B17",)),
    Edit("course", ("A06", "U08", "U09"), "/ np.sqrt(layer_dims[l - 1])", "* 0.0001", ("A01", "A04")),
    Edit("course", ("E01",), "== labels) / len(labels)", "== labels) / X.shape[0]"),
    # layers: objects, float32, momentum
    Edit("layers", ("B10", "U01"), "return (self.p - y) / len(y)", "return (y - self.p) / len(y)", STUCK),
    Edit("layers", ("B07", "B14"), "self.x.T @ grad", "np.abs(self.x).T @ grad"),
    Edit("layers", ("U04",), "self.vW = momentum * self.vW + self.dW", "self.vW = -momentum * self.vW + self.dW"),
    Edit("layers", ("U02", "U14"), "self.vW = momentum * self.vW + self.dW", "self.vW += self.dW", STUCK),
    Edit("layers", ("B08",), "self.db = grad.sum(axis=0)", "self.db = grad[0]"),
    Edit("layers", ("D14", "D10"), "x, y = x[order], y[order]", "x = x[order]"),
    Edit("layers", ("F01",), "exps.sum(axis=1, keepdims=True)", "exps.sum()", ("A04",)),
    # folded: one example at a time, the bias is the last column
    Edit("folded", ("B05", "B14"), "net.W[:, :-1].T @", "net.W[:, 1:].T @"),
    Edit("folded", ("B02",), "(net.W[:, :-1].T @ delta_out) * (1 - hidden**2)", "net.W[:, :-1].T @ delta_out"),
    Edit("folded", ("B01",), "delta_out) * (1 - hidden**2)", "delta_out) * hidden", STUCK),
    Edit("folded", ("L02", "L04", "B02"), "(out - t) * (1 - out**2)", "out - t"),
    Edit("folded", ("D09", "D07"), "2.0 * np.eye(10)[label] - 1", "np.ones(10)", ("A04", "D10")),
    Edit(
        "folded", ("A05", "A02", "A07"), "random.uniform(-0.2, 0.2, (20, 50))", "random.uniform(0, 1, (20, 50))", STUCK
    ),
    # lists: neurons in pure Python
    Edit("lists", ("B02",), "neuron.delta = error * neuron.output * (1.0 - neuron.output)", "neuron.delta = error"),
    Edit("lists", ("U01", "B10"), "neuron.weights[j] -= l_rate", "neuron.weights[j] += l_rate", STUCK),
    Edit("lists", ("B08", "B13", "U05"), "                neuron.bias -= l_rate * neuron.delta\n", ""),
    # adam: three layers, logits
    Edit("adam", ("U12",), "m_hat = self.m[i] / (1 - self.beta1**self.t)", "m_hat = self.m[i] / (1 - self.beta1)"),
    Edit("adam", ("B02",), "        d1[self.h1 <= 0] = 0\n", ""),
    Edit("adam", ("B10", "U01"), "d3 = (p - y) / len(x)", "d3 = (y - p) / len(x)", STUCK),
    Edit("adam", ("B05", "B14", "B15"), "d1 = d2 @ self.params[2].T", "d1 = d2 @ self.params[2]"),
    Edit("adam", ("U05", "B13"), "for i, g in enumerate(grads):", "for i, g in enumerate(grads[:4]):"),
]
