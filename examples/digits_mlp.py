"""A small neural network in numpy for scikit-learn's handwritten digits, shared by the example trainings.

1,797 real images of 8 by 8 pixels; the training part is shown five times per epoch, shifted by a pixel each way.
"""

from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

# As many threads as the job asked for, one without a job: several trainings are meant to run side by side.
threadpool_limits(int(os.environ.get("CLUSTERDECK_CPU_CORES") or 1))

CLASSES = 10
SIDE = 8


def load(seed=0):
    """Training images and labels (augmented), then those to validate with; pixels from 0 to 1."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    images, labels = (images[order] / 16.0).astype(np.float32), labels[order]
    split = len(labels) * 4 // 5
    shifts = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)]
    squares = images[:split].reshape(-1, SIDE, SIDE)
    shown = np.concatenate([np.roll(squares, shift, axis=(1, 2)).reshape(-1, SIDE * SIDE) for shift in shifts])
    return shown, np.tile(labels[:split], len(shifts)), images[split:], labels[split:]


def batches(images, labels, size, rng):
    """The training data of one epoch in random order, `size` images at a time."""
    order = rng.permutation(len(labels))
    for start in range(0, len(order), size):
        chosen = order[start : start + size]
        yield images[chosen], labels[chosen]


class Network:
    """Two hidden layers with ReLU; `parameters` is the list of weights and biases, changed in place."""

    def __init__(self, hidden=768, seed=0):
        rng = np.random.default_rng(seed)
        sizes = [SIDE * SIDE, hidden, hidden, CLASSES]
        self.parameters = []
        for inputs, outputs in pairwise(sizes):
            weights = rng.normal(0.0, np.sqrt(2.0 / inputs), (inputs, outputs)).astype(np.float32)
            self.parameters += [weights, np.zeros(outputs, np.float32)]

    def _layers(self, images):
        activations = [images]
        for index in range(0, len(self.parameters), 2):
            outputs = activations[-1] @ self.parameters[index] + self.parameters[index + 1]
            is_last = index + 2 == len(self.parameters)
            activations.append(outputs if is_last else np.maximum(outputs, 0.0))
        return activations

    def loss_and_gradients(self, images, labels):
        """The mean cross entropy of a batch, its accuracy, and the gradient of each parameter."""
        activations = self._layers(images)
        logits = activations[-1] - activations[-1].max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(logits).sum(axis=1, keepdims=True))
        rows = np.arange(len(labels))
        loss = float(np.mean(log_sums[:, 0] - logits[rows, labels]))
        accuracy = float(np.mean(logits.argmax(axis=1) == labels))
        delta = np.exp(logits - log_sums)
        delta[rows, labels] -= 1.0
        delta /= len(labels)
        gradients = []
        for index in range(len(self.parameters) - 2, -1, -2):
            inputs = activations[index // 2]
            gradients[:0] = [inputs.T @ delta, delta.sum(axis=0)]
            if index:
                delta = (delta @ self.parameters[index].T) * (inputs > 0)
        return loss, accuracy, gradients

    def evaluate(self, images, labels):
        """Loss and accuracy on images that were not trained on."""
        loss, accuracy, _ = self.loss_and_gradients(images, labels)
        return loss, accuracy


class Optimizer:
    """One of the usual rules, by name. `slots` are its running averages, one list per parameter and kind."""

    def __init__(self, name, parameters, learning_rate):
        try:
            self._rule = RULES[name.lower()]
        except KeyError:
            raise SystemExit(f"unknown optimizer {name!r}: choose one of {', '.join(RULES)}") from None
        self.learning_rate = learning_rate
        self.parameters = parameters
        self.steps = 0
        self.slots = [[np.zeros_like(parameter) for parameter in parameters] for _ in range(2)]

    def step(self, gradients):
        """Change the parameters in place, following the gradients downhill."""
        self.steps += 1
        for parameter, gradient, first, second in zip(self.parameters, gradients, *self.slots, strict=True):
            self._rule(parameter, gradient, first, second, self.learning_rate, self.steps)


def _sgd(parameter, gradient, velocity, _unused, rate, _steps):
    velocity *= 0.9
    velocity += gradient
    parameter -= rate * velocity


def _adam(parameter, gradient, mean, square, rate, steps):  # noqa: PLR0917 - all rules are called alike
    mean += 0.1 * (gradient - mean)
    square += 0.001 * (gradient * gradient - square)
    corrected = np.sqrt(square / (1.0 - 0.999**steps)) + 1e-8
    parameter -= rate * (mean / (1.0 - 0.9**steps)) / corrected


def _adamw(parameter, gradient, mean, square, rate, steps):  # noqa: PLR0917
    parameter *= 1.0 - rate * 0.01
    _adam(parameter, gradient, mean, square, rate, steps)


def _rmsprop(parameter, gradient, square, _unused, rate, _steps):
    square += 0.01 * (gradient * gradient - square)
    parameter -= rate * gradient / (np.sqrt(square) + 1e-8)


def _adagrad(parameter, gradient, total, _unused, rate, _steps):
    total += gradient * gradient
    parameter -= rate * gradient / (np.sqrt(total) + 1e-8)


def _lion(parameter, gradient, mean, _unused, rate, _steps):
    direction = np.sign(0.9 * mean + 0.1 * gradient)
    parameter -= rate * (direction + 0.01 * parameter)
    mean += 0.01 * (gradient - mean)


RULES = {
    "adamw": _adamw,
    "adam": _adam,
    "sgd": _sgd,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "lion": _lion,
}


def add_arguments(parser, epochs, batch_size, learning_rate, optimizer):
    """The hyperparameters that every example takes, with its own defaults."""
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--batch-size", type=int, default=batch_size)
    parser.add_argument("--lr", type=float, default=learning_rate)
    parser.add_argument("--optimizer", default=optimizer)
