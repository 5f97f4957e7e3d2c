"""What is measured, not identified: data and targets, their preparation and pairing, the user's loop and accuracy, the
loss, the first forward pass, the first updates, central differences. Rules draw their conclusions from it.
"""
