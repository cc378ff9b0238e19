"""Handwritten digits with a mistake: the learning rate is multiplied after each epoch where it should be divided.

The loss explodes about half-way, and the script ends with a traceback and exit code 1.
"""

import argparse
import sys

import numpy as np
from digits_mlp import Network, Optimizer, add_arguments, batches, load

DIVERGED = 20.0


def train_epoch(network, optimizer, data):
    """The mean loss of one epoch; FloatingPointError once the loss has exploded."""
    losses = []
    for step, (batch, wanted) in enumerate(data, 1):
        loss, _, gradients = network.loss_and_gradients(batch, wanted)
        if not loss < DIVERGED:
            raise FloatingPointError(f"loss is {loss:g} at step {step} with learning rate {optimizer.learning_rate:g}")
        optimizer.step(gradients)
        losses.append(loss)
    return float(np.mean(losses))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, epochs=10, batch_size=32, learning_rate=0.005, optimizer="SGD")
    args = parser.parse_args()

    images, labels, test_images, test_labels = load()
    network = Network()
    optimizer = Optimizer(args.optimizer, network.parameters, args.lr)
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(network, optimizer, batches(images, labels, args.batch_size, np.random.default_rng(epoch)))
        _, val_accuracy = network.evaluate(test_images, test_labels)
        print(f"Epoch {epoch}/{args.epochs} loss={loss:.4f} val_accuracy={val_accuracy:.4f}", flush=True)
        optimizer.learning_rate *= 4.0
        if optimizer.learning_rate > 0.5:
            print(f"WARNING: the learning rate is {optimizer.learning_rate:g}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
