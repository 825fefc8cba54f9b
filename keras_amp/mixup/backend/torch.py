"""The training step on PyTorch: tensors record, variables hold the state."""

import contextlib
import warnings

import torch

from keras_amp.mixup.forward import Forward


def pull_back(function, x, upstream):
    """A function's value, and the gradient of `sum(upstream * value)`.

    Args:
        function: Function from a tensor to a tensor.
        x: Float tensor, at which to differentiate.
        upstream: Scalar tensor.

    Returns:
        The value, and a tensor like `x`; `None` if the value does not depend
        on it.
    """
    # A tensor of its own: what else was made of `x` is a constant.
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        value = function(x)
    if not value.requires_grad:
        return value, None
    weight = torch.ones_like(value) * upstream
    (gradient,) = torch.autograd.grad(value, x, weight, allow_unused=True)
    return value.detach(), gradient


class Step(Forward):
    """Trains by `loss.backward()`.

    Args:
        model: The classifier.
        name: String, the wrapper's name.
    """

    @contextlib.contextmanager
    def leaving_no_trace(self):
        # Dropout without a seed draws from PyTorch's own generators.
        devices = []
        if torch.cuda.is_available():
            devices = [torch.cuda.current_device()]
        with torch.random.fork_rng(devices), super().leaving_no_trace():
            yield

    def train_step(self, data):
        batch = self.begin(data)
        drawn = int(self.draw_place()) if len(self._places) > 1 else 0
        weights = self.trainable_weights
        for weight in weights:
            # `zero_grad` knows weights by their paths, which two may share.
            weight.value.grad = None
        outcome = self.outcome_at(self._places[drawn], *batch)
        scaled_loss = self.optimizer.scale_loss(outcome.loss)
        if weights:
            scaled_loss.backward()
        else:
            warnings.warn("The model has no trainable weights.", stacklevel=2)
        with torch.no_grad():
            if weights:
                self.optimizer.apply(self._gradients(weights), weights)
            self.count(outcome)
            return self.get_metrics_result()

    def _gradients(self, weights):
        """The weights' gradients; `None` for what the loss leaves out."""
        gradients = [weight.value.grad for weight in weights]
        if len(self._places) == 1:
            return gradients
        # The same weights move, whichever place is drawn.
        return [
            torch.zeros_like(weight.value) if gradient is None else gradient
            for gradient, weight in zip(gradients, weights, strict=True)
        ]
