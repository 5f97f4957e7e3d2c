"""The report as a page: one HTML file that needs nothing but itself, for light, dark and paper.

`pictures.py` chooses what to draw of a portrait; `chain.py`, `findings.py` and `sections.py` are the parts of the page;
`document.py` puts them together and writes the file.
"""
