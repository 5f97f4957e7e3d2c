"""What the author of a program chose."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Setup:
    """What the author chose.

    `layout` says how the weights lie: rows (n_in, n_out), columns and examples (n_out, n_in).
    """

    sizes: tuple[int, ...] = (49, 16, 10)
    hidden: str = "sigmoid"  # sigmoid, tanh, relu, leaky_relu
    output: str = "softmax"  # sigmoid, softmax, tanh, linear
    loss: str = "cross_entropy"  # cross_entropy, binary_cross_entropy, squared_error
    loss_factor: float = 1.0  # 2.0 for a squared error without the half
    layout: str = "rows"  # rows, columns, examples (one at a time)
    biases: str = "apart"  # apart, first, last (folded into the weights), none
    derivative_of: str = "activation"  # the derivative is written in terms of the activation, or of the pre_activation
    reduction: str = "mean"  # mean, sum, or one_by_one: an update after every example
    in_place: bool = True
    optimizer: str = "plain"
    momentum: float = 0.9
    decay: float = 0.0  # weight decay as written in the gradient
    decay_divided: bool = False  # by the number of training examples
    clip: float = 0.0  # gradients are clipped to this size
    dropout: float = 0.0
    rate_decay: float = 0.0  # rate / (1 + rate_decay * updates)
    learning_rate: float = 0.5
    batch_size: int = 10
    epochs: int = 4
    shuffle: bool = True
    in_label_order: bool = False
    initializer: str = "lecun_normal"
    bias_initializer: str = "zeros"
    targets: str = "one_hot"  # one_hot, soft (0.01 and 0.99), plus_minus, labels
    inputs: str = "unit"  # unit [0, 1], symmetric [-1, 1], standardised
    epsilon: float = 1e-12  # inside the logarithm of the loss
    dtype: str = "float64"
    n_classes: int = 10
    global_random: bool = False  # draws from np.random instead of its own generator

    @property
    def depth(self) -> int:
        return len(self.sizes) - 1
