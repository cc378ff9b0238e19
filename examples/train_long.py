"""Handwritten digits for several minutes, logging in several levels: something to watch, to filter and to stop."""

import argparse
import logging

import numpy as np
from digits_mlp import Network, Optimizer, add_arguments, batches, load

log = logging.getLogger("digits")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_arguments(parser, epochs=200, batch_size=16, learning_rate=0.0001, optimizer="Lion")
    args = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(levelname)-8s %(name)s: %(message)s")

    images, labels, test_images, test_labels = load()
    network = Network(hidden=1024)
    optimizer = Optimizer(args.optimizer, network.parameters, args.lr)
    before = 0.0
    for epoch in range(1, args.epochs + 1):
        rng = np.random.default_rng(epoch)
        for step, (batch, wanted) in enumerate(batches(images, labels, args.batch_size, rng), 1):
            loss, _, gradients = network.loss_and_gradients(batch, wanted)
            optimizer.step(gradients)
            if step % 100 == 0:
                norm = float(np.sqrt(sum(float(np.sum(gradient**2)) for gradient in gradients)))
                log.debug("step %d of epoch %d: gradient norm %.3f", step, epoch, norm)
        if not np.isfinite(loss):
            log.critical("the loss is %s: choose a smaller learning rate than %g", loss, args.lr)
            raise SystemExit(1)
        val_loss, val_accuracy = network.evaluate(test_images, test_labels)
        log.info(
            "Epoch %d/%d loss=%.4f val_loss=%.4f val_accuracy=%.4f", epoch, args.epochs, loss, val_loss, val_accuracy
        )
        if val_accuracy < before - 0.005:
            log.warning("validation accuracy fell from %.4f to %.4f", before, val_accuracy)
        if val_accuracy < 0.2 and epoch > 3:
            log.error("it learns nothing: validation accuracy is %.4f after %d epochs", val_accuracy, epoch)
        before = val_accuracy


if __name__ == "__main__":
    main()
