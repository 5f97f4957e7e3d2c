"""The quasi-Newton solver: SciPy's L-BFGS on the engine's loss and gradient of all examples at once."""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from unstuck.nn.blas_threads import single_threaded
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.kernels import find_step
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.training_run import Callback
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.history import Progress
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD
from unstuck.sklearn.measurement import mean_loss, record_validation

Array = np.ndarray


def minimize_loss(
    estimator: Any, network: Network, examples: Examples, validation: Examples | None, callbacks: list[Callback]
) -> None:
    """Minimise mean loss plus L2 term over all examples; a callback that returns True ends it.

    SciPy and NumPy each bring an OpenBLAS whose waiting threads keep the other's from working: both get one thread.
    """
    from scipy.optimize import minimize

    n, rows = len(examples), np.arange(len(examples))
    total = n if examples.weight is None else float(examples.weight.sum(dtype=np.float64))
    if examples.weight is not None:
        examples.weight = examples.weight * (n / total)
    decay, scale = estimator.alpha / total, estimator._loss_scale(network.sizes[-1])
    logits = np.empty((n, network.sizes[-1]), network.dtype)
    vector = ParameterVector(network, SGD())  # used as a vector only
    t, weight = examples.answers()

    def loss_and_gradient(values: Array) -> tuple[float, Array]:
        vector.values[...] = values
        step.gradients(rows, network.generator, logits)
        gradient = vector.gradient.astype(np.float64)
        gradient[: vector.n_weights] += decay * values[: vector.n_weights]
        return mean_loss(network, logits, t, weight) + penalty(values), gradient

    def penalty(values: Array) -> float:
        weights = values[: vector.n_weights]
        return decay / 2 * float(np.vdot(weights, weights))

    def reported(result: Any) -> float:
        return scale * (float(result.fun) - penalty(result.x)) + penalty(result.x)

    def report(intermediate_result: Any) -> None:
        estimator.loss_curve_.append(reported(intermediate_result))
        done = len(estimator.loss_curve_)
        estimator.history_.train_accuracy.append(None)
        if estimator.verbose:
            print(f"Iteration {done}, loss = {estimator.loss_curve_[-1]:.8f}")
        if validation is not None:
            vector.values[...] = intermediate_result.x
            record_validation(estimator, network, validation)
        progress = Progress(done, estimator.max_iter, done, estimator.max_iter, True, estimator.history_)
        answers = [callback(progress) for callback in callbacks]
        if any(answer is True for answer in answers):
            raise StopIteration

    try:
        with single_threaded(), SecondThread() as second_thread, np.errstate(all="ignore"):
            step = find_step(examples, vector, n, second_thread)
            result = minimize(
                loss_and_gradient,
                vector.values.astype(np.float64),
                jac=True,
                method="L-BFGS-B",
                callback=report,
                options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
            )
        vector.values[...] = result.x
    finally:
        vector.release()
    estimator.loss_ = estimator.best_loss_ = reported(result)
    estimator.n_iter_ = min(int(result.nit), estimator.max_iter)
    if result.status in (1, 2):  # limits reached, or no step that makes the loss smaller
        said = f"lbfgs had not converged after {result.nit} iterations: {result.message}"
        warnings.warn(said, ConvergenceWarning, stacklevel=2)
