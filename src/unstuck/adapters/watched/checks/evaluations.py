"""How the model is judged by the script."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import Compared, Divided, Held, ModelCalled
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Array, Place
from unstuck.diagnosis.examination.evidence import PROVED

SEVERAL = 3  # answers to the same examples, which are meant to differ
LOST = 0.1  # of the right answers
OTHER_ANSWERS, APART = 0.002, 0.01  # shares from which on what is read is another number
HALVES = ("gt 0.5", "ge 0.5", "__gt__ 0.5", "__ge__ 0.5", "round")


@check("E01")
def accuracy_computed_wrongly(h: History) -> Iterator[Seen]:
    """The answers are compared along the wrong axis, spread over each other, or divided by another number than that of
    the examples; or the metric counts something else.

    Cure: `(outputs.argmax(dim=1) == labels).sum().item() / len(labels)`, both of shape (n,), divided by the number of
    examples.

    Cure in Keras: `metrics=["accuracy"]`, or the metric that fits the targets: sparse for class numbers, categorical
    for one-hot rows, binary for one unit.
    """
    by_kind: dict[tuple[Place | None, str, bool], list[Compared]] = {}
    for event in h.all(Compared):
        by_kind.setdefault((event.place, event.how, event.raw), []).append(event)
    for (place, _, _), judged in by_kind.items():
        events = [e for e in judged if e.expected is None] or judged  # such as of real numbers, which are no classes
        right, total = sum(e.right for e in events), sum(e.total for e in events)
        counted = [e.expected for e in events if e.expected is not None]
        expected, examples = sum(counted) if counted else None, sum(e.examples for e in events)
        first = events[0]
        threshold = not first.how.startswith(("argmax", "max", "topk"))
        if threshold and total == examples and not (first.raw and first.how in HALVES):
            continue  # a threshold that was chosen
        if (right, total) == (expected, examples):
            continue
        said = f"{right:,} right of {total:,} compared, where "
        said += (
            f"counting gives {expected:,} of {examples:,}" if expected is not None else f"{examples:,} are to be judged"
        )
        said += f": answers of shape {first.shapes[0]} ({first.how}) against labels of shape {first.shapes[1]}"
        numbers = {"right": right, "compared": total, "counted_right": expected, "examples": examples}
        yield Seen("E01", PROVED, said, numbers, place, certain=True)
        return
    for place, last in {event.place: event for event in h.all(Divided)}.items():
        if last.divisor != last.examples and last.divisor not in (100 * last.examples, last.examples / 100):
            said = f"{last.right:,.0f} right answers of {last.examples:,} examples are divided by {last.divisor:,.6g}"
            divided = {"right": last.right, "divisor": last.divisor, "examples": last.examples}
            yield Seen("E01", PROVED, said, divided, place, certain=True)
            return


@check("E02")
def predictions_out_of_order(h: History) -> Iterator[Seen]:
    """The answers come in the order of a loader that shuffles, and are compared with labels in the order of the data.

    Cure: `shuffle=False` for the loader of the test data, or collect the labels of each batch together with its
    answers.
    """
    position = {id(event): number for number, event in enumerate(h.events)}
    calls = [call for call in h.evaluation_calls if call.answers is not None]
    for held in h.all(Held):
        before = [call for call in calls if position[id(call)] < position[id(held)]]
        answers, labels = _last_of(before, len(held.first))
        if answers is None or labels is None:
            continue
        for mine, other in ((held.first, held.second), (held.second, held.first)):
            if not np.array_equal(mine, answers) or not np.array_equal(np.sort(other), np.sort(labels)):
                continue
            own, compared = float((answers == labels).mean()), float((answers == other).mean())
            if own - compared > LOST:
                said = (
                    f"of {len(mine)} answers {own:.1%} are right by the labels that came with them; they are compared "
                )
                said += f"with the same labels in another order, where {compared:.1%} are"
                numbers = {"answers": len(mine), "right": own, "right_as_compared": compared}
                yield Seen("E02", PROVED, said, numbers, held.place, certain=True)
                return


def _last_of(calls: list[ModelCalled], n: int) -> tuple[Array | None, Array | None]:
    """(n,) the answers of the last calls, and the labels that came with their inputs; None where these are not n."""
    taken: list[ModelCalled] = []
    for call in reversed(calls):
        if call.labels is None or call.answers is None or len(call.labels) != len(call.answers):
            return None, None
        taken.insert(0, call)
        known = sum(len(one.labels) for one in taken if one.labels is not None)
        if known >= n:
            break
    if not taken or sum(len(one.labels) for one in taken if one.labels is not None) != n:
        return None, None
    return (
        np.concatenate([one.answers for one in taken if one.answers is not None]),
        np.concatenate([one.labels for one in taken if one.labels is not None]),
    )


@check("E03")
def evaluated_in_training_mode(h: History) -> Iterator[Seen]:
    """The model is evaluated in training mode: dropout is on, batch normalisation uses the test batch. So it is with
    `F.dropout(x)` in either mode.

    Cure: `model.eval()` before the evaluation, `model.train()` before training goes on; `nn.Dropout`, or
    `F.dropout(x, training=self.training)`.

    Cure in Keras: Call the model with `training=False`, or use `evaluate` and `predict`.
    """
    calls = [call for call in h.evaluation_calls if call.in_training and call.random and call.apart is not None]
    calls = [call for call in calls if call.place is None or not _is_unused(call.place.text)]
    calls = [call for call in calls if _times_asked(h, call) < SEVERAL]
    if not calls:
        return
    apart = max(call.apart or 0.0 for call in calls)
    others = [call.other_answers for call in calls if call.other_answers is not None]
    share = sum(others) / len(others) if others else None
    matters = share > OTHER_ANSWERS if share is not None else apart > APART
    said = f"outputs differ by {apart:.1%} from those in evaluation mode"
    said += f", {share:.1%} of the answers are others" if share is not None else ""
    numbers = {"difference": apart, "other_answers": share}
    place = calls[0].dropped or calls[0].place
    yield Seen("E03", PROVED, said, numbers, place, certain=matters, asleep=not matters)


def _times_asked(h: History, call: ModelCalled) -> int:
    """How often the same line asks for the same answers before the next update, as where random ones are averaged."""
    again = [other.rows for other in h.evaluation_calls if (other.place, other.update) == (call.place, call.update)]
    return sum(rows is not None and call.rows is not None and np.array_equal(rows, call.rows) for rows in again)


def _is_unused(line: str) -> bool:
    """Whether a line calls something and reads nothing of it, as where statistics are only brought up to date."""
    try:
        (statement,) = ast.parse(line).body
    except (SyntaxError, ValueError):
        return False
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    alone = isinstance(statement, ast.Expr) and statement.value is (calls[0] if calls else None)
    return alone and (len(calls) == 1 or ast.unparse(calls[0].func).endswith("update_bn"))
