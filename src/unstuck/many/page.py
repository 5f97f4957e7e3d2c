"""What a teacher reads: one page that needs nothing but itself and the reports beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from unstuck.diagnosis.report.page.document import PAGE
from unstuck.diagnosis.report.page.style import STYLE
from unstuck.many.outcome import Outcome
from unstuck.many.run import REPORTS
from unstuck.many.summary import Group, Link, count_verdicts, counted, group, links

OPEN = 30  # rows up to which a group without faults is shown unfolded


def as_page(outcomes: Sequence[Outcome], title: str) -> str:
    """The whole page: counts, the links of the step over all programs, and a table for each cause."""
    counts = count_verdicts(outcomes)
    n = len(outcomes)
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    body = [
        f'<header class="{_verdict(counts)}"><h1>{escape(title)}: {counted(n)}</h1><p>{told}</p></header>',
        _links(links(outcomes)),
        *(_group(one, n) for one in group(outcomes)),
    ]
    return PAGE.substitute(title=escape(title), style=STYLE + MORE, body="\n".join(body))


def _verdict(counts: dict[str, int]) -> str:
    return "faulty" if counts["faulty"] else "healthy" if counts["healthy"] == sum(counts.values()) else "inconclusive"


def _links(found: Sequence[Link]) -> str:
    """Each link of the step with the share of programs that have it right: which lecture to repeat."""
    rows = []
    for link in found:
        share = link.share
        told = "never examined" if share is None else f"{link.right} of {link.examined} right ({share:.0%})"
        width = 0 if share is None else 100 * share
        faulty = f"{link.faulty} faulty" if link.faulty else ""
        rows.append(
            f'<tr><th scope="row">{link.stage}</th><td class="number">{told}</td>'
            f'<td><div class="bar after"><i style="width:{width:.1f}%"></i></div></td><td>{faulty}</td></tr>'
        )
    head = "<p>Of the programs in which it could be examined:</p>"
    return f'<section id="links"><h2>The links of the training step</h2>{head}<table>{"".join(rows)}</table></section>'


def _group(one: Group, n: int) -> str:
    rows = "".join(map(_row, one.outcomes))
    opened = " open" if len(one.outcomes) <= OPEN or one.verdict == "faulty" else ""
    return (
        f'<details class="group {one.verdict.replace(" ", "-")}"{opened}><summary><h2>{len(one.outcomes)} of {n}: '
        f"{escape(one.title)}</h2></summary><table><thead><tr><th>program</th><th>line</th><th>accuracy</th>"
        f"<th>cured</th><th></th></tr></thead><tbody>{rows}</tbody></table></details>"
    )


def _row(one: Outcome) -> str:
    name = escape(one.name)
    shown = f'<a href="{REPORTS}/{quote(one.report)}.html">{name}</a>' if one.report else name
    line = "" if one.cause is None or one.cause.line is None else str(one.cause.line)
    grade = f'<span class="grade {escape(one.cause.grade)}">{escape(one.cause.grade)}</span> ' if one.cause else ""
    told = f"{grade}{escape(one.sentence)}"
    return (
        f'<tr><td>{shown}</td><td class="number">{line}</td><td class="number">{_percent(one.before)}</td>'
        f'<td class="number">{_percent(one.after)}</td><td>{told}</td></tr>'
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


MORE = """
.unstuck-report .group { margin: 1.2rem 0; }
.unstuck-report .group summary { cursor: pointer; color: var(--text); }
.unstuck-report .group h2 { display: inline; margin: 0; }
.unstuck-report .group.faulty h2 { color: var(--bad); }
.unstuck-report .group.healthy h2 { color: var(--good); }
.unstuck-report .group table { margin: .4rem 0; }
.unstuck-report .group tbody tr { content-visibility: auto; }
.unstuck-report .group td { overflow-wrap: anywhere; }
.unstuck-report .group td.number, .unstuck-report .group th { white-space: nowrap; overflow-wrap: normal; }
.unstuck-report .group thead th { color: var(--soft); font-weight: normal; font-size: .875rem; }
.unstuck-report #links .bar { width: 100%; min-width: 3rem; }
.unstuck-report a { color: var(--after); }
@media (max-width: 46rem) { .unstuck-report .group { font-size: .8rem; }
  .unstuck-report .group thead th { font-size: .7rem; }
  .unstuck-report .group .grade { font-size: .65rem; padding: 0 .2rem; }
  .unstuck-report .group td, .unstuck-report .group th { padding-right: .3rem; } }
"""
