"""Plain scripts, as pasted: run and watched, read, and examined like a program that was wired by hand.

In the order data flow: `watch` is the agreement with who runs the script, `rewriting` puts hooks into its source,
`recorder` follows its values by identity, `parameters` and `reading` say what learns from what, `case` makes a Case of
the living program, `examine` does all of it.
"""
