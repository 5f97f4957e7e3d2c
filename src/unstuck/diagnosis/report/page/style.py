"""Colours and layout of the page, for light, dark and paper. Every rule is inside of .unstuck-report."""

LIGHT = """--ground: #fff; --text: #1c1c1e; --soft: #5b5f66; --line: #d7d9dd; --panel: #f5f6f7;
  --bad: #b3261e; --good: #1b6e3c; --unknown: #7a6a1f; --before: #c2540a; --after: #1f5fb5;"""
DARK = """--ground: #17181a; --text: #e8e8ea; --soft: #a0a4ab; --line: #3a3d42; --panel: #212327;
  --bad: #ff8a80; --good: #7bd59b; --unknown: #e0c96a; --before: #ffa25e; --after: #82b5ff;"""

# The network as it is is orange and dashed, the cured one blue.
CHART = """
.chart { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.chart text { fill: var(--soft); }
.chart .name { font-weight: 600; }
.chart text.before { fill: var(--before); }
.chart text.after { fill: var(--after); }
.chart .axis { stroke: var(--soft); fill: none; }
.chart .grid { stroke: var(--line); fill: none; }
.chart .diagonal { stroke: var(--soft); stroke-dasharray: 2 3; fill: none; }
.chart .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
.chart .line.before { stroke: var(--before); stroke-dasharray: 7 3; }
.chart .line.after { stroke: var(--after); }
.chart .line.afterwards { stroke-width: 1.2; stroke-dasharray: 1 4; }
.chart .dot.before, .chart rect.before { fill: var(--before); }
.chart .dot.after, .chart rect.after { fill: var(--after); }
.chart .dot.afterwards { fill: none; }
.chart .cloud { fill: none; stroke-width: 4.5; stroke-linecap: round; stroke-opacity: .6; }
.chart .cloud.before { stroke: var(--before); }
.chart .cloud.after { stroke: var(--after); }
.chart .area { fill-opacity: .25; stroke-width: 1.3; }
.chart .area.before { fill: var(--before); stroke: var(--before); stroke-dasharray: 4 2; }
.chart .area.after { fill: var(--after); stroke: var(--after); }
.chart .cell.right { fill: none; stroke: var(--line); }
.chart .count { font-size: 10px; fill: var(--text); }
.chart .count.strong { fill: var(--ground); }
"""

STYLE = (
    f"""
.unstuck-report {{ {LIGHT} color-scheme: light dark; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem 1.25rem; }}
@media (prefers-color-scheme: dark) {{ .unstuck-report {{ {DARK} }} }}
html:has(body.unstuck-report) {{ background: #fff; color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{ html:has(body.unstuck-report) {{ background: #17181a; }} }}
"""
    + """
.unstuck-report { box-sizing: border-box; }
.unstuck-report header { border-left: .4rem solid var(--unknown); padding-left: 1rem; }
.unstuck-report header.faulty { border-color: var(--bad); }
.unstuck-report header.healthy { border-color: var(--good); }
.unstuck-report h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
.unstuck-report h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; break-after: avoid; }
.unstuck-report h3 { font-size: 1.05rem; margin: 0; break-after: avoid; }
.unstuck-report small, .unstuck-report footer, .unstuck-report figcaption,
.unstuck-report .ends, .unstuck-report summary { color: var(--soft); font-size: .875rem; }
.unstuck-report p { margin: .4rem 0; }
.unstuck-report .head { break-after: avoid; }
.unstuck-report p, .unstuck-report li, .unstuck-report figcaption { overflow-wrap: anywhere; }
.unstuck-report b.before, .unstuck-report th.before { color: var(--before); }
.unstuck-report b.after, .unstuck-report th.after { color: var(--after); }
.unstuck-report .chain { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.7rem, 1fr));
  gap: .6rem 1.2rem; list-style: none; padding: 0 1.1rem 0 0; margin: 1.5rem 0; }
.unstuck-report .chain li { position: relative; border: 2px solid var(--line); border-radius: .4rem;
  padding: .4rem .5rem; background: var(--panel); font-size: .95rem; }
.unstuck-report .chain li:not(:last-child)::after { content: "→"; position: absolute; right: -1.15rem; top: .6rem;
  color: var(--soft); }
.unstuck-report .chain small { display: block; }
.unstuck-report .chain .faulty { border-color: var(--bad); }
.unstuck-report .chain .faulty .mark { color: var(--bad); }
.unstuck-report .chain .right { border-color: var(--good); }
.unstuck-report .chain .right .mark { color: var(--good); }
.unstuck-report .chain .examined-in-part, .unstuck-report .chain .not-examined { border-style: dashed; }
.unstuck-report article { border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem;
  margin: .8rem 0; }
.unstuck-report article.drawn { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 22rem);
  column-gap: 1.5rem; align-items: start; }
.unstuck-report .grade { border: 1px solid; border-radius: 1rem; padding: 0 .5rem; font-size: .8rem;
  font-weight: normal; white-space: nowrap; }
.unstuck-report .proved { color: var(--bad); }
.unstuck-report .measured { color: var(--unknown); }
.unstuck-report .suspected { color: var(--soft); }
.unstuck-report .fact { font-weight: 600; }
.unstuck-report figure { margin: .6rem 0; break-inside: avoid; }
.unstuck-report .source mark { display: block; margin: 0 -.7rem; padding: 0 .7rem; color: inherit;
  width: max-content; min-width: 100%;
  background: color-mix(in srgb, var(--mark) 13%, transparent); box-shadow: inset 3px 0 var(--mark);
  print-color-adjust: exact; }
.unstuck-report .source .wrong { --mark: var(--bad); }
.unstuck-report .source .instead { --mark: var(--good); }
.unstuck-report .source .line { color: var(--soft); font-weight: normal; user-select: none; }
.unstuck-report pre { background: var(--panel); margin: .2rem 0; padding: .5rem .7rem; overflow-x: auto;
  font: .82rem/1.45 ui-monospace, monospace; border-radius: .3rem; }
.unstuck-report code { font: .92em ui-monospace, monospace; }
.unstuck-report .cure b { color: var(--good); }
.unstuck-report .scale { position: relative; height: .5rem; margin: 1.7rem 0 .2rem;
  background: linear-gradient(90deg, var(--good), var(--line) 60%); border-radius: .25rem; print-color-adjust: exact; }
.unstuck-report .scale i { position: absolute; top: -.25rem; width: 3px; height: 1rem; background: var(--text);
  print-color-adjust: exact; }
.unstuck-report .scale span { position: absolute; top: -1.5rem; transform: translateX(-50%); font-size: .75rem;
  color: var(--soft); white-space: nowrap; }
.unstuck-report .ends { display: flex; justify-content: space-between; font-size: .75rem; margin-bottom: .6rem; }
.unstuck-report table { border-collapse: collapse; width: 100%; }
.unstuck-report th, .unstuck-report td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top;
  border-bottom: 1px solid var(--line); }
.unstuck-report .compared { font-size: .875rem; font-variant-numeric: tabular-nums; margin: .8rem 0; }
.unstuck-report .compared tr:not(.all) th:first-child { white-space: nowrap; }
.unstuck-report .compared th, .unstuck-report details th { font-weight: normal; color: var(--soft); }
.unstuck-report .compared td:not(:first-child), .unstuck-report .compared th:not(:first-child) { text-align: right;
  padding: .25rem 0 .25rem .6rem; }
.unstuck-report details td { overflow-wrap: anywhere; }
.unstuck-report .cures, .unstuck-report .compared { break-inside: avoid; }
.unstuck-report .part td { color: var(--soft); font-size: .875rem; }
.unstuck-report .part td:first-child { padding-left: 1.2rem; }
.unstuck-report .number { font-variant-numeric: tabular-nums; }
.unstuck-report .bar { width: 8rem; max-width: 100%; height: .3rem; background: var(--line); border-radius: .15rem;
  print-color-adjust: exact; }
.unstuck-report .bar i { display: block; height: 100%; border-radius: .15rem; print-color-adjust: exact; }
.unstuck-report .bar.before i { background: var(--before); }
.unstuck-report .bar.after i { background: var(--after); }
.unstuck-report .row { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin-bottom: 1rem; break-inside: avoid; }
.unstuck-report .row figure { max-width: 20rem; }
.unstuck-report .examples { display: flex; flex-wrap: wrap; gap: .8rem; list-style: none; padding: 0; }
.unstuck-report .example { display: block; width: 56px; height: 56px; image-rendering: pixelated;
  border: 1px solid var(--line); }
.unstuck-report .examples li { width: 5rem; line-height: 1.2; }
.unstuck-report .narrow { gap: .4rem; } .unstuck-report .narrow li { width: auto; text-align: center; }
.unstuck-report .narrow .example { width: 42px; height: 42px; }
.unstuck-report footer { margin-top: 2rem; }
@media (max-width: 46rem) { .unstuck-report .compared { font-size: .75rem; }
  .unstuck-report .compared tr:not(.all) th:first-child { white-space: normal; }
  .unstuck-report article.drawn { display: block; } .unstuck-report { padding: .8rem; }
  .unstuck-report .cures { font-size: .875rem; } .unstuck-report .bar { width: 3.5rem; }
  .unstuck-report .cures tr:not(.part) td:nth-child(n+4), .unstuck-report .cures th:nth-child(n+4) { display: none; } }
@media print { .unstuck-report { max-width: none; font-size: 9.5pt; padding: 0; }
  .unstuck-report details { display: none; } .unstuck-report article { break-inside: auto; }
  .unstuck-report article.drawn { grid-template-columns: minmax(0, 1fr) 15rem; column-gap: 1rem; }
  .unstuck-report .compared { font-size: 7.5pt; } .unstuck-report .row > div { max-width: 30%; }
  .unstuck-report .chain { grid-template-columns: repeat(7, 1fr); gap: .3rem .9rem; padding: 0; }
  .unstuck-report .chain li { font-size: 7.5pt; padding: .15rem .25rem; }
  .unstuck-report .chain small { font-size: 6.5pt; }
  .unstuck-report .chain li:not(:last-child)::after { right: -.85rem; }
  .unstuck-report figcaption, .unstuck-report .ends, .unstuck-report .scale span, .unstuck-report small,
  .unstuck-report footer { font-size: 7.5pt; } .unstuck-report pre { font-size: 7.5pt; }
  .unstuck-report h2 { margin-top: 1.2rem; } .unstuck-report footer { margin-top: .5rem; }
  .unstuck-report pre { white-space: pre-wrap; } .unstuck-report .source mark { width: auto; } }
"""
    + "".join(f".unstuck-report {rule}\n" for rule in CHART.strip().splitlines())
)
