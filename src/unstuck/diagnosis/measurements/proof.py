"""From what was identified to evidence: which faulty formulas explain the user's numbers, which right one does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.examination.evidence import PROVED, SUSPECTED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.results import LayerResult
from unstuck.diagnosis.measurements.once import once

EXACT = 1e-4  # left over by a formula that needs no rival to be proved
APART = 10.0  # times as much is left over by the nearest other formula, where rounding leaves more than that


@dataclass(frozen=True)
class FormulaFault:
    """One faulty formula in one layer (counted from 1), with its residual and that of the nearest other formula."""

    code: str
    layer: int
    formula: str
    residual: float
    rival: str
    rival_residual: float
    look_alikes: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether this formula, and no other one, gives the numbers."""
        return self.residual <= EXACT or (self.residual < np.inf and self.residual * APART <= self.rival_residual)


@once
def formula_faults(e: Examination) -> list[FormulaFault]:
    """All faulty formulas found, in the order data flows; a slip that follows from another one is left out."""
    return [*_forward_faults(e), *_backward_faults(e)]


def _forward_faults(e: Examination) -> Iterator[FormulaFault]:
    if not e.forward_proved or e.forward is None:
        return
    for code, layer, name in e.forward.faults:
        if code == "F05" and _is_bottleneck(e, layer):
            continue
        yield FormulaFault(code, layer + 1, name, e.forward.residual, e.forward.rival, e.forward.rival_residual)


def _is_bottleneck(e: Examination, layer: int) -> bool:
    """Whether a hidden layer (counted from 0) is narrower than those around it: linear, it still cuts the rank, and the
    code of an autoencoder is often meant so."""
    widths = e.sizes[layer : layer + 3]
    return len(widths) == 3 and widths[1] < min(widths[0], widths[2])


def _backward_faults(e: Examination) -> list[FormulaFault]:
    if e.backward is None:
        return []
    faults = e.forward.faults if e.forward else ()
    forward_codes = {(code, at) for code, at, _ in faults if code != "F05" or not _is_bottleneck(e, at)}
    bent = {layer for code, layer in forward_codes if code in ("F04", "F05", "F08", "F11")}
    found: list[FormulaFault] = []
    for result in e.backward.layers:
        if result.guess is None:
            continue
        for code, layer, name in result.guess.faults:
            if layer != result.layer:
                continue
            if layer in bent and code in ("B02", "B03", "B18"):
                continue  # the derivative follows the activation that is wrong
            if code in ("F01", "F02", "F06", "L01") and any(known == code for known, _ in forward_codes):
                continue
            found.append(_fault(result, code, name))
        if result.bias is not None and result.bias.fault:
            found.append(
                FormulaFault(
                    result.bias.fault,
                    result.layer + 1,
                    f"bias gradient: {result.bias.name}",
                    result.bias_fit.residual,
                    "sum of the deltas",
                    result.bias_rival_residual,
                )
            )
    return found


def _fault(result: LayerResult, code: str, name: str) -> FormulaFault:
    alike = tuple(
        sorted({c for faults in result.look_alikes for c, layer, _ in faults if layer == result.layer and c != code})
    )
    return FormulaFault(
        code, result.layer + 1, name, result.delta_fit.residual, result.rival, result.rival_residual, alike
    )


def proved(e: Examination, code: str) -> Evidence | None:
    """Evidence that the formula with this fault code, and no right one, gives the user's numbers; suspected where it
    gives them so roughly that another one comes near."""
    faults = [fault for fault in formula_faults(e) if fault.code == code]
    if not faults:
        return None
    worst = max(faults, key=lambda fault: fault.residual)
    nearest = min(faults, key=lambda fault: fault.rival_residual)
    where = ", ".join(f"layer {fault.layer}" for fault in faults)
    return Evidence(
        PROVED if all(fault.exact for fault in faults) else SUSPECTED,
        f"{where}: {'; '.join(dict.fromkeys(fault.formula for fault in faults))}",
        {
            "formula": "; ".join(dict.fromkeys(fault.formula for fault in faults)),
            "layers": [fault.layer for fault in faults],
            "residual": worst.residual,
            "nearest_other_formula": nearest.rival,
            "nearest_other_residual": nearest.rival_residual if np.isfinite(nearest.rival_residual) else None,
        },
        layer=faults[0].layer,
        look_alikes=tuple(sorted({alike for fault in faults for alike in fault.look_alikes})),
    )
