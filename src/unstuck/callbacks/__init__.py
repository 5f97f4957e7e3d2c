"""What may be called after each epoch: `progress.py` shows a training while it runs, `tensorboard.py` logs it."""
