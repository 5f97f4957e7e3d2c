"""The sections of the page below the findings: experiments, layers, confusions, notes, what was not examined."""

from __future__ import annotations

from html import escape
from typing import Any

from unstuck.diagnosis.report.contents import Contents, Cure, Finding
from unstuck.diagnosis.report.listing import SIGNS
from unstuck.diagnosis.report.page import pictures
from unstuck.diagnosis.report.page.findings import figure
from unstuck.diagnosis.report.portrait.portrait import Portrait
from unstuck.diagnosis.report.portrait.training import Training, confusion, mistakes, most_confused
from unstuck.diagnosis.report.reading import reading_lines


def section(name: str, title: str, parts: list[str]) -> str:
    """A section with a heading; nothing where it has no parts."""
    kept = [part for part in parts if part]
    return f'<section class="{name}"><h2>{escape(title)}</h2>\n{"".join(kept)}</section>' if kept else ""


def reading_list(reading: dict[str, Any]) -> str:
    """How a script was read, as it stands in the terminal."""
    return f"<pre>{escape(chr(10).join(line.removeprefix('  ') for line in reading_lines(reading)))}</pre>"


def listing_parts(listing: list[dict[str, Any]]) -> list[str]:
    """All lines of a script's training step with their marks; what a line made is shown on hover."""
    if not any(entry["mark"] for entry in listing):
        return []
    return [f'<pre class="listing">{chr(10).join(_listing_line(entry) for entry in listing)}</pre>']


def _listing_line(entry: dict[str, Any]) -> str:
    made = "; ".join(_made(value) for value in entry["values"])
    text = f"{SIGNS[entry['mark']]} {entry['line']:>4}  {entry['text']}"
    return f'<span title="{escape(made, quote=True)}">{escape(text)}</span>'


def _made(value: dict[str, Any]) -> str:
    shape = " x ".join(map(str, value["shape"])) or "one number"
    low_high = " to ".join(f"{end:.4g}" for end in value["range"]) if value["range"] else "no finite number"
    return f"{value['text']}: {shape}, {low_high}"


# -- training ----------------------------------------------------------------------------------------------------------


def training_parts(report: Contents) -> list[str]:
    """Learning curves, and the table of experiments."""
    parts = [cure_table(report.cures)] if report.cures else []
    portrait = report.portrait
    if portrait is None:
        return parts
    caption = (
        f"Training a twin of the network: {pictures.quantity(portrait.before)} on examples held out from training."
    )
    last = max(training.updates[-1] for training in portrait.trained)
    for words, training in zip(pictures.WORDS.values(), portrait.trained, strict=False):
        remark = _remark(training, last)
        caption += f" {words.capitalize()}, {remark}." if remark else ""
    return [figure(pictures.learning_curves(portrait), caption), *parts]


def _remark(training: Training, last: int) -> str:
    """Why a curve ends before the axis does, or before the training would."""
    done = f"{training.updates[-1]:,}"
    if not training.finite:
        return f"its numbers are no longer finite after {done} updates"
    if not training.complete:
        return f"it was stopped after {done} of {training.setup.updates:,} updates to save time"
    return f"its training ends after {done} updates" if training.updates[-1] < last else ""


def cure_table(cures: list[Cure]) -> str:
    """Every experiment with its changes, and what is lost without each of them."""
    head = "<tr><th>put right together</th><th>accuracy before</th><th>after</th><th>updates</th><th>seeds</th></tr>"
    return f'<table class="cures">{head}{"".join(map(_cure_rows, cures))}</table>'


def _cure_rows(cure: Cure) -> str:
    before, after = (
        _accuracy(share, spread if cure.seeds > 1 else None, kind)
        for share, spread, kind in zip(
            (cure.accuracy_before, cure.accuracy_after), cure.spread, pictures.KINDS, strict=True
        )
    )
    seeds = str(cure.seeds) if cure.seeds > 1 else f"no. {cure.seed}"
    length = f"{cure.updates:,}" if cure.updates else "your own loop"
    rows = [
        f"<tr><td>{escape(' + '.join(cure.changes))}</td>{before}{after}"
        f'<td class="number">{length}</td><td class="number">{seeds}</td></tr>'
    ]
    for change in cure.changes:
        without = (
            _accuracy(cure.accuracy_after - cure.worth[change], None, pictures.AFTER) if _worthy(cure, change) else ""
        )
        if without or change in cure.words:
            words = f"<code>{escape(change)}</code> {escape(cure.words.get(change, ''))}"
            alone = f'{without}<td colspan="2">without it</td>' if without else '<td colspan="3"></td>'
            rows.append(f'<tr class="part"><td colspan="2">{words}</td>{alone}</tr>')
    return "".join(rows)


def _worthy(cure: Cure, change: str) -> bool:
    return change in cure.worth and len(cure.changes) > 1


def _accuracy(share: float, spread: float | None, kind: str) -> str:
    width = 100 * min(max(share, 0.0), 1.0) if share == share else 0.0
    written = f"{share:.1%}" + (f" ± {100 * spread:.1f}" if spread is not None else "")
    return f'<td class="number">{written}<div class="bar {kind}"><i style="width:{width:.1f}%"></i></div></td>'


# -- layers ------------------------------------------------------------------------------------------------------------


def layer_parts(portrait: Portrait | None) -> list[str]:
    """A row of histograms for every layer."""
    if portrait is None:
        return []
    rows = []
    for index, layer in enumerate(portrait.layers[0]):
        drawn = "".join(f"<div>{svg}</div>" for svg in pictures.layer_histograms(portrait.layers, index) if svg)
        still = [
            f"{words}: the first update changes none of these weights"
            for words, version in zip(pictures.WORDS.values(), portrait.layers)
            if version[index].untouched == 1
        ]
        remark = f"<p>{'; '.join(still).capitalize()}.</p>" if still else ""
        rows.append(f'<h3>{escape(layer.name)}</h3><div class="row">{drawn}</div>{remark}')
    return [legend(len(portrait.layers)), *rows]


def legend(n: int) -> str:
    words = ", ".join(f'<b class="{kind}">{pictures.WORDS[kind]}</b>' for kind in pictures.KINDS[:n])
    return f"<p class='head'>Before the first update, on the network's own training examples: {words}.</p>"


# -- confusions --------------------------------------------------------------------------------------------------------


def confusion_parts(portrait: Portrait | None) -> list[str]:
    """The confusion matrices, the commonest mistakes in words, and some examples answered wrongly."""
    if portrait is None:
        return []
    drawn = []
    for kind, training in zip(pictures.KINDS, portrait.trained, strict=False):
        counts = confusion(training)
        if counts is None:
            return []
        pairs = ", ".join(f"{true} for {taken} ({times} times)" for true, taken, times in most_confused(counts))
        words = f"taken most often: {pairs}" if pairs else "no mistakes"
        caption = (
            f"<b class='{kind}'>{pictures.WORDS[kind].capitalize()}</b>: {training.scores[-1]:.1%} right; {words}."
        )
        drawn.append(figure(pictures.confusion_picture(training, kind), caption))
    return [f'<div class="row">{"".join(drawn)}</div>', mistake_strip(portrait.trained[-1])]


def mistake_strip(training: Training) -> str:
    """Examples that the network, cured where there is a cure, still gets wrong."""
    items = "".join(
        f"<li>{pictures.mistake_picture(mistake)}<small>{mistake.label}, taken for {mistake.predicted}</small></li>"
        for mistake in mistakes(training)
    )
    return f'<p>Some that are still wrong at the end:</p><ul class="examples">{items}</ul>' if items else ""


# -- notes -------------------------------------------------------------------------------------------------------------


def note_list(notes: list[Finding]) -> str:
    items = "".join(
        f"<li><code>{note.rule.code}</code> {escape(note.rule.name)} ({note.grade}): {escape(note.summary)}</li>"
        for note in notes
    )
    return f"<ul>{items}</ul>" if items else ""


def unchecked_list(report: Contents) -> str:
    items = "".join(f"<li>{escape(e.what)}: for that, unstuck needs {escape(e.missing)}</li>" for e in report.unchecked)
    return f"<ul>{items}</ul>" if items else ""
