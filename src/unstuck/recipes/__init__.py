"""Named configurations: `recipes.py` is their table, `runs.py` trains one, `evaluation.py` counts, `plots.py` draws."""
