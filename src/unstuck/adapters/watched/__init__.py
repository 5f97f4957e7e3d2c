"""Scripts written with a framework, from what happened to a report: nothing here knows which framework it was.

In the order data flow: `events` is what a watch notes, `history` asks it, `checks` recognise faults, `experiments` say
which of them matter, `reading` and `conclusion` put it into a report; `examine` does all of it. `rewriting`, `finder`
and `places` are of use to every watch.
"""
