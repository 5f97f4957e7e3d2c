"""The fast form of a training step, tested equal to the definition.

`training_run` runs the epochs; `examples` are what is trained on and `supply` hands them out window by window;
`sweeps` takes the form of a step that suits the network: `kernels` (NumPy, in buffers made once; `vector`: the
parameters as one array), `compiled` (C), or `normalization`. `threads` keeps to the cores there are.
"""
