"""Handwritten digits, with what clusterdeck offers to scripts that know it: exact metrics, and checkpoints.

JSON lines go to $CLUSTERDECK_METRICS. A checkpoint after each epoch goes to
$CLUSTERDECK_CHECKPOINT_DIR, and a restarted job goes on from it. Without these variables it trains all the same.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
from digits_mlp import Network, Optimizer, add_arguments, batches, load


def report(**values):
    """One line of JSON: `progress` is the share of the whole job, `step` the axis of the curves."""
    path = os.environ.get("CLUSTERDECK_METRICS")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def save(path, epoch, network, optimizer):
    """Write the checkpoint beside its place, then rename: a killed job never leaves half of one."""
    arrays = {f"p{index}": array for index, array in enumerate(network.parameters)}
    for slot, values in enumerate(optimizer.slots):
        arrays |= {f"s{slot}_{index}": array for index, array in enumerate(values)}
    unfinished = path.with_suffix(".new.npz")
    np.savez(unfinished, epoch=epoch, steps=optimizer.steps, **arrays)
    os.replace(unfinished, path)


def resume(path, network, optimizer):
    """Take the checkpoint's state, if there is one; returns the number of epochs that are done."""
    if not path.exists():
        return 0
    with np.load(path) as saved:
        for index, array in enumerate(network.parameters):
            array[...] = saved[f"p{index}"]
            for slot, values in enumerate(optimizer.slots):
                values[index][...] = saved[f"s{slot}_{index}"]
        optimizer.steps = int(saved["steps"])
        return int(saved["epoch"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, epochs=15, batch_size=32, learning_rate=0.01, optimizer="SGD")
    args = parser.parse_args()

    images, labels, test_images, test_labels = load()
    network = Network()
    optimizer = Optimizer(args.optimizer, network.parameters, args.lr)
    folder = os.environ.get("CLUSTERDECK_CHECKPOINT_DIR")
    checkpoint = Path(folder) / "digits.npz" if folder else None
    done = resume(checkpoint, network, optimizer) if checkpoint else 0
    if done:
        print(f"going on after epoch {done} from {checkpoint}")

    for epoch in range(done + 1, args.epochs + 1):
        # Its own random numbers per epoch: an interrupted training goes on exactly as it would have.
        rng = np.random.default_rng(epoch)
        steps = -(-len(labels) // args.batch_size)
        for step, (batch, wanted) in enumerate(batches(images, labels, args.batch_size, rng), 1):
            loss, accuracy, gradients = network.loss_and_gradients(batch, wanted)
            optimizer.step(gradients)
            if step % 20 == 0 or step == steps:
                share = (epoch - 1 + step / steps) / args.epochs
                report(progress=share, step=(epoch - 1) * steps + step, loss=loss, accuracy=accuracy)
        val_loss, val_accuracy = network.evaluate(test_images, test_labels)
        report(step=epoch * steps, val_loss=val_loss, val_accuracy=val_accuracy)
        if checkpoint:
            save(checkpoint, epoch, network, optimizer)
        print(f"epoch {epoch} of {args.epochs} done: {val_accuracy:.1%} of the new images are read right")


if __name__ == "__main__":
    main()
