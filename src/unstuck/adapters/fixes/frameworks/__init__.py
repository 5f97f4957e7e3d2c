"""Edits for scripts that PyTorch or Keras trains, a file beside the others for each part of such a script."""
