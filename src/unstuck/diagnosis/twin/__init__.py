"""A network put together of formulas, right or wrong: `twin.py`, its `update_rule.py`, and how it is trained."""
