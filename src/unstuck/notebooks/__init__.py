"""The diagnosis inside a notebook: `magic` defines %%unstuck."""
