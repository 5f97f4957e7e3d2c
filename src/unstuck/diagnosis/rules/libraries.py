"""Faults that only programs written with a library have: they are recognised where such a library is watched, in
`unstuck.adapters.watched.checks`. A Case has nothing that shows them.
"""

from __future__ import annotations

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.rules.rule import rule


@rule("U11", look_alikes=("U05", "B13"), of_library=True)
def parameters_not_optimised(e: Examination) -> None:
    """The optimiser does not hold the parameters that the loss depends on.

    What it detects: Parameters that derivatives are taken by and that no optimiser was given: those of another or an
    earlier model, of one layer only, or of layers in a plain list, which a model's list of parameters leaves out.

    Why it hurts: What is not held is never changed, and keeps its first random values.

    Cure: Make the optimiser after the model that is trained, from all of its parameters; keep layers where the library
    finds them (`nn.ModuleList`, `nn.Sequential`).

    Evidence: Proved by identity: the parameters in the loss's graph against those that the optimiser holds, with their
    names and the lines that made their layers.

    Look-alikes: U05, where nothing changes for want of gradients; B13, where the optimiser holds a layer that the graph
    does not reach. Layers frozen on purpose take no gradient, or learn nothing more when they are held.
    """


@rule("U16", look_alikes=("U05",), of_library=True)
def model_made_anew(e: Examination) -> None:
    """The model is constructed anew inside the training loop.

    What it detects: Updates each of which changes another model than the one before.

    Why it hurts: Every update starts from new random parameters, and what was learnt is thrown away.

    Cure: Make the model and the optimiser once, before the loop.

    Evidence: Proved by identity: as many models as updates.

    Look-alikes: U05, as the loss looks the same. A new model for each part of a cross-validation is right: it is
    trained for many updates.
    """


@rule("F13", look_alikes=("E03",), of_library=True)
def trained_in_evaluation_mode(e: Examination) -> None:
    """The model is trained in evaluation mode: dropout rests, and batch normalisation keeps the statistics it has.

    What it detects: Calls that are learnt from while a model with dropout or batch normalisation is in evaluation mode.

    Why it hurts: Layers that are not normalised learn slowly or not at all, and without dropout a large network learns
    its examples by heart.

    Cure: Set the model to training mode at the start of every pass (`model.train()`), as the evaluation sets it to the
    other.

    Evidence: The calls counted; whether it matters, by training the same model in both modes.

    Look-alikes: E03 is the reverse. A normalisation frozen on purpose, in a network that was trained before, loses
    nothing by it.
    """


@rule("F14", look_alikes=("F02",), of_library=True)
def examples_mixed(e: Examination) -> None:
    """The answer to one example depends on the other examples of its batch.

    What it detects: Answers that change as another example of the batch is replaced, in evaluation mode, in a model
    with a recurrent or attention layer that takes the first axis for time. A recurrent state that begins where other
    sequences ended. A layer normalisation that goes over the examples, or a batch normalisation over the features.

    Why it hurts: The layer reads the examples of a batch as if they followed each other, and the steps of one as if
    they were examples: what belongs together is kept apart.

    Cure: Say which axis counts the examples (`batch_first=True`), or put time first. Set the state back to zeros before
    each sequence. Take means and spreads of a layer normalisation along the features, of a batch normalisation along
    the examples.

    Evidence: Proved: one example is replaced in a copy of the model, and the change of all other answers is measured;
    or the recorded operations.

    Look-alikes: F02, where it is the softmax. Networks on graphs mix their nodes on purpose: without such a layer it is
    a note. A state is kept on purpose where one long sequence is cut into pieces.
    """


@rule("F16", of_library=True)
def masked_entries_read(e: Examination) -> None:
    """An answer depends on what a mask is there to hide from it.

    What it detects: A softmax over masked scores that gives weight to both sides of the mask, or to the padding and not
    to the data; and a sequence that foretells its own next entry, whose answers change as a later entry is changed.

    Why it hurts: The answer is copied from what it should foretell, so that the loss falls and nothing is learnt that
    is of use where the next entry is not known; or padding is read as if it were data.

    Cure: Give masked scores a large negative number before the softmax: `np.where(mask, scores, -1e9)`; hide what lies
    above the diagonal from `k=1` on: `np.triu(np.ones((T, T)), k=1)`.

    Evidence: Proved: the weight on both sides of the mask; or the recorded forward pass carried out again with other
    entries, and the answers before them that changed.

    Look-alikes: A mask of dropout hides nothing and is left alone. Where the targets are not the next inputs, an answer
    may depend on all of them.
    """


@rule("F15", of_library=True)
def axes_mixed_by_reshape(e: Examination) -> None:
    """A reshape gives the shape of exchanged axes and leaves the numbers where they were.

    What it detects: A reshape whose new shape is the old one with axes exchanged.

    Why it hurts: Rows of the new array are cut from the old one across its axes: pixels, channels or moments of
    different places stand in one row.

    Cure: Exchange axes with `transpose` or `permute`; reshape only splits or joins neighbouring axes.

    Evidence: The shapes before and after; whether it matters, by training the same model with the axes exchanged.

    Look-alikes: None known: a reshape that only splits or joins axes does not exchange their lengths.
    """
