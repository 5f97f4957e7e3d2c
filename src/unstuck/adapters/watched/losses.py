"""What each loss takes for what: the meaning of its two arguments, whatever the framework calls it."""

from __future__ import annotations

from dataclasses import dataclass

SCORES, LOG_PROBABILITIES, PROBABILITIES, VALUES = "scores", "log-probabilities", "probabilities", "values"
INDEX, SHARES, YES_OR_NO, NUMBERS = "class numbers", "shares of the classes", "yes or no", "numbers"


@dataclass(frozen=True)
class Meaning:
    """What a loss takes its prediction and its target for. exclusive: the outputs compete, one class is right."""

    prediction: str
    target: str
    exclusive: bool


LOSSES: dict[str, Meaning] = {
    "cross_entropy": Meaning(SCORES, INDEX, True),  # of scores, with class numbers or shares
    "nll_loss": Meaning(LOG_PROBABILITIES, INDEX, True),
    "categorical_crossentropy": Meaning(PROBABILITIES, SHARES, True),
    "sparse_categorical_crossentropy": Meaning(PROBABILITIES, INDEX, True),
    "binary_cross_entropy": Meaning(PROBABILITIES, YES_OR_NO, False),
    "binary_cross_entropy_with_logits": Meaning(SCORES, YES_OR_NO, False),
    "mse_loss": Meaning(VALUES, NUMBERS, False),
    "l1_loss": Meaning(VALUES, NUMBERS, False),
    "smooth_l1_loss": Meaning(VALUES, NUMBERS, False),
    "huber_loss": Meaning(VALUES, NUMBERS, False),
    "kl_div": Meaning(LOG_PROBABILITIES, SHARES, True),
    "multi_margin_loss": Meaning(SCORES, INDEX, True),
    "other": Meaning(VALUES, NUMBERS, False),
}
COMPARES_NUMBERS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

FLAT = ("round", "sign", "floor", "ceil")  # functions whose derivative is 0 wherever there is one
