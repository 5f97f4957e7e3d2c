"""The fix: the smallest change of a program's own source that was run and holds.

In the order of the work: `syntax` finds expressions in the source, `edit` and `statements` replace them, one function
beside the others of its family (`forward`, `backward`, `operands`, `derivative`, `sums`, `accumulators`, `initial`,
`update`, `training`, `choices`, `data`, `engines`, and those of `frameworks`) says for each rule what may have been
meant, `search` runs the changed copies and keeps what holds, `trials` holds what they print against what the script
printed, `files` writes them in the file's own encoding and line ends.
"""
