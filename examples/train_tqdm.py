"""Handwritten digits, as many scripts train: a tqdm bar on stderr, a line per epoch on stdout. No clusterdeck in it."""

import argparse

import numpy as np
from digits_mlp import Network, Optimizer, add_arguments, batches, load
from tqdm import tqdm


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, epochs=15, batch_size=32, learning_rate=0.0003, optimizer="AdamW")
    args = parser.parse_args()

    rng = np.random.default_rng(1)
    images, labels, test_images, test_labels = load()
    network = Network()
    optimizer = Optimizer(args.optimizer, network.parameters, args.lr)
    steps = -(-len(labels) // args.batch_size)
    print(f"{len(labels)} training images, {len(test_labels)} to validate, {steps} steps per epoch")

    for epoch in range(1, args.epochs + 1):
        bar = tqdm(batches(images, labels, args.batch_size, rng), total=steps, desc=f"Epoch {epoch}/{args.epochs}")
        for batch, wanted in bar:
            loss, accuracy, gradients = network.loss_and_gradients(batch, wanted)
            optimizer.step(gradients)
            bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{accuracy:.3f}", refresh=False)
        val_loss, val_accuracy = network.evaluate(test_images, test_labels)
        print(f"epoch {epoch}: val_loss={val_loss:.4f} val_accuracy={val_accuracy:.4f}")


if __name__ == "__main__":
    main()
