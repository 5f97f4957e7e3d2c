"""The user's source text: which of it is alive behind a Case, and what a fault looks like in it.

reading.py finds the live functions, expressions.py asks simple questions of their syntax trees; preparation.py,
outputs.py, deltas.py and settings.py know the forms of faults, by stage; table.py leads from codes to forms.
"""
