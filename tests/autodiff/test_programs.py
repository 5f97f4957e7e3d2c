"""Right backward passes are proved right, in float64 and in float32; wrong ones are found, on their line."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.autodiff.bench import PROGRAMS
from tests.autodiff.watching import step_at, watched
from unstuck.autodiff.location import locate
from unstuck.autodiff.proof import Proof, prove
from unstuck.autodiff.repeating import repeated

NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))
IN_FLOAT32 = sorted(set(NAMES) - {"dense_plain_lists", "engine_scalars"})  # two have Python's own floats only
DRAWING = r"(np\.random|rng)\.(randn|rand|normal|uniform|random|RandomState\(\)\.randn)\("
HELPERS = """
def drawn(*values, **named):
    function, *values = values
    return np.asarray(function(*values, **named), np.float32)
def zeros(shape):
    return np.zeros(shape, np.float32)
"""


def proofs_of(path: Path) -> list[Proof]:
    """The verdicts on the first two updates of a script."""
    seen = watched(path)
    assert seen.error is None
    steps = [step_at(seen, update) for update in (0, 1)]
    assert None not in steps
    return [prove(step) for step in steps if step is not None]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_backward_pass_is_proved_right(name):
    for proof in proofs_of(PROGRAMS / f"{name}.py"):
        assert not proof.wrong
        kinds = {verdict.kind for verdict in proof.verdicts if not verdict.right}
        assert kinds <= {"lost in rounding"}  # biases before a batch norm: their true gradient is 0
        assert proof.hypothesis is not None
        assert proof.hypothesis.rank < 2


def test_a_loss_of_weighted_errors_falls_along_their_gradients():
    proof, _ = proofs_of(PROGRAMS / "policy_gradient.py")
    losses = list(repeated(proof, 4, truly=False).losses)
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("name", IN_FLOAT32)
def test_a_right_backward_pass_in_float32_is_not_called_wrong(name, tmp_path):
    text = (PROGRAMS / f"{name}.py").read_text()
    text = re.sub(DRAWING, r"drawn(\1.\2, ", text)
    text = re.sub(r"np\.(zeros)\(", r"\1(", text)
    text = re.sub(r"^(import numpy as np.*)$", r"\1" + HELPERS, text, count=1, flags=re.MULTILINE)
    path = tmp_path / f"{name}.py"
    path.write_text(text)
    found = proofs_of(path)
    values = [np.asarray(p.before[0].value).dtype for proof in found for p in proof.step.parameters]
    assert np.float32 in values
    assert not any(proof.wrong for proof in found)
    assert any(verdict.right for proof in found for verdict in proof.verdicts)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("dense_sigmoid_flat", "a1 * (1 - a1)", "(1 - a1)"),
        ("dense_sigmoid_flat", "delta2.dot(W2.T)", "error.dot(W2.T)"),
        ("dense_relu_softmax_class", "(self.sums[i - 1] > 0)", "(self.sums[i - 1] < 0)"),
        ("dense_momentum_decay", "(1 - h * h)", "(1 + h * h)"),
        ("batchnorm_compact", "- dzhat.sum(axis=0)", "+ dzhat.sum(axis=0)"),
        ("layernorm_rows", "dn.mean(axis=-1, keepdims=True)", "dn.mean(axis=0, keepdims=True)"),
        ("conv_im2col", "dz1 = da1 * (z1 > 0)", "dz1 = da1 * (a2.sum() > 0)"),
        ("rnn_batch_last", "states[t].T @ d_raw", "states[t + 1].T @ d_raw"),
        ("lstm_stacked_gates", "df = dc * c_old", "df = dc * tc"),
        ("gru_batch_class", "dh * (h - c)", "dh * (h + c)"),
        ("dropout_inverted", "(gz2 @ W2.T) * m1", "(gz2 @ W2.T)"),
        ("attention_single_head", "(datt * att).sum", "(att).sum"),
        ("autoencoder_tied", " + dz2.T @ h", ""),
        ("engine_scalars", "(1 - t ** 2)", "(1 + t ** 2)"),
        ("engine_tensors", "g * s * (1 - s)", "g * s"),
        ("word2vec_negative", "(pos - 1) * v", "pos * v"),
        ("embeddings_average", "np.add.at(dE, docs, dvec)", "dE[docs] += dvec"),
        ("embeddings_added_in_place", "np.add.at(E, tokens, -lr * dmean / len(tokens))", "E[tokens] -= lr * dmean / 7"),
        ("word2vec_rows_in_place", "e @ W_out[rows]", "e @ W_in[rows]"),
        ("gru_both_ways", "dr = drh * h", "dr = dc * h"),
        ("gru_both_ways", "dboth[::-1, :, H:]", "dboth[:, :, H:]"),
        ("rnn_encoder_decoder", "return dz @ self.Wh.T", "return dh @ self.Wh.T"),
        ("lstm_gates_in_dict", "dc = dc * f", "dc = np.zeros_like(dc)"),
        ("lstm_gates_in_dict", 'd["f"] = dc * c_old', 'd["f"] = (dc - dh * o * (1 - tc ** 2)) * c_old'),
        ("graph_convolution", "return S.T @ dZ @ self.W.T", "return dZ @ self.W.T"),
        ("attention_additive", "(dalpha - (alpha * dalpha).sum(axis=1)[:, None])", "dalpha * (1 - alpha)"),
        ("autoencoder_denoising", "np.dot(noisy.T, d_h)", "np.dot(v.T, d_h)"),
        ("autoencoder_upsampling", "k:k + stride * L:stride] += dwin", "k:k + L] += dwin"),
        ("rnn_encoder_decoder", "step_back(dh + dz @ self.Wy.T)", "step_back(-(dh + dz @ self.Wy.T))"),
        ("policy_gradient", "dh * (1 - h ** 2)", "dh * h * (1 - h)"),
        ("radial_basis", "self.d2 / self.s2", "self.d2 / self.s2 ** 1.5"),
        ("text_convolution", "de[:, t:t + WIDTH] +=", "de[:, t:t + WIDTH] ="),
    ],
)
def test_a_wrong_backward_pass_is_found_near_its_line(name, right, wrong, tmp_path):
    text = (PROGRAMS / f"{name}.py").read_text()
    assert right in text
    path = tmp_path / f"{name}.py"
    path.write_text(text.replace(right, wrong, 1))
    changed = next(i for i, (a, b) in enumerate(zip(text.splitlines(), path.read_text().splitlines()), 1) if a != b)
    proof = next(proof for proof in proofs_of(path) if proof.wrong)
    place = locate(proof)[0].site
    assert place is not None
    assert abs(place.line - changed) <= 1


def test_an_update_that_goes_up_is_its_own_place_though_what_it_takes_has_a_second_name(tmp_path):
    text = (PROGRAMS / "dense_sigmoid_flat.py").read_text()
    text = text.replace("z1 = X.dot(W1)", "l0 = X\n    z1 = l0.dot(W1)")
    path = tmp_path / "up.py"
    path.write_text(text.replace("W1 -= 0.1 * dW1", "W1 += 0.1 * l0.T.dot(delta1)"))
    place = locate(next(proof for proof in proofs_of(path) if proof.wrong))[0].site
    assert place is not None
    assert path.read_text().splitlines()[place.line - 1].strip().startswith("W1 +=")


def test_one_wrong_line_of_cells_in_two_networks_is_one_place(tmp_path):
    text = (PROGRAMS / "rnn_encoder_decoder.py").read_text()
    path = tmp_path / "cells.py"
    path.write_text(text.replace("return dz @ self.Wh.T", "return dh @ self.Wh.T"))
    places = locate(next(proof for proof in proofs_of(path) if proof.wrong))
    assert [place.site.text for place in places] == ["dh @ self.Wh.T"]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        (
            "rnn_batch_last",
            [("states[t].T @ d_raw", "states[t + 1].T @ d_raw"), ("(1 - states[t + 1] ** 2)", "(1 - states[t + 1])")],
        ),
        (
            "conv_im2col",
            [("dz1 = da1 * (z1 > 0)", "dz1 = da1 * (z1 < 0)"), ("rows1.sum(axis=0)", "rows1.mean(axis=0)")],
        ),
        ("dense_sigmoid_flat", [("a1 * (1 - a1)", "(1 - a1)"), ("a1.T.dot(delta2)", "a1.T.dot(delta2 * a2)")]),
    ],
)
def test_each_of_two_faults_gets_its_line(name, changes, tmp_path):
    text = (PROGRAMS / f"{name}.py").read_text()
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong, 1)
    (tmp_path / "script.py").write_text(text)
    proof = next(proof for proof in proofs_of(tmp_path / "script.py") if proof.wrong)
    named = {place.site.line for place in locate(proof) if place.site is not None}
    lines = text.splitlines()
    wanted = {next(i for i, line in enumerate(lines, 1) if wrong in line) for _, wrong in changes}
    assert wanted <= named
