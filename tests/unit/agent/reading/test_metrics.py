"""Metrics and their steps, from lines as the libraries print them."""

from __future__ import annotations

import math

import pytest

from agent.reading import parse_metrics_line, scan

Found = list[tuple[str, float | None, float]]


def metrics(text: str) -> Found:
    return [(m.name, m.step, m.value) for m in scan(text.encode(), b"").metrics]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step 20/200 loss=1.5262 acc=0.406\n", [("loss", 20, 1.5262), ("acc", 20, 0.406)]),
        ("[4/60] loss: 1.6197\n", [("loss", 4, 1.6197)]),
        ("Epoch 1/10 | train loss: 1.51 | val acc: 50.5%\n", [("train loss", 1, 1.51), ("val acc", 1, 50.5)]),
        ("Iteration 1, loss = 0.91055364\n", [("loss", 1, 0.91055364)]),
        (
            "step 100: train loss 0.3283, val loss 0.3873\niter 100: loss 0.3209, time 10.79ms, mfu 2.81%\n",
            [
                ("train loss", 100, 0.3283),
                ("val loss", 100, 0.3873),
                ("loss", 100, 0.3209),
                ("time", 100, 10.79),
                ("mfu", 100, 2.81),
            ],
        ),
        (
            "{'loss': '3.802', 'learning_rate': '2.326e-05', 'epoch': '0.1667'}\n",
            [("loss", 0.1667, 3.802), ("learning_rate", 0.1667, 2.326e-05), ("epoch", 0.1667, 0.1667)],
        ),
        ("{'loss': 0.3, 'grad_norm': 1.5, 'epoch': 1.0}\n", [("loss", 1, 0.3), ("grad_norm", 1, 1.5)]),
        ('{"asctime": "2026", "step": 20, "loss": 1.5, "lr": 0.05}\n', [("loss", 20, 1.5), ("lr", 20, 0.05)]),
        ('{"level": "info", "message": "step 20 loss=0.5"}\n', [("loss", 20, 0.5)]),
        ("[0]\ttrain-logloss:0.64987\tval-auc:0.84118\n", [("train-logloss", 0, 0.64987), ("val-auc", 0, 0.84118)]),
        (
            "[10]\tvalid's binary_logloss: 0.42\tvalid's auc: 0.93\n",
            [("valid's binary_logloss", 10, 0.42), ("valid's auc", 10, 0.93)],
        ),
        (
            "1:\tlearn: 0.67\ttest: 0.68\tbest: 0.66 (1)\ttotal: 62.1ms\tremaining: 42.1s\n",
            [("learn", 1, 0.67), ("test", 1, 0.68), ("best", 1, 0.66)],
        ),
        (
            (
                " iteration       10/     500 | elapsed time per iteration (ms): 11.9 | lm loss: 1.697181E+00 |"
                " number of nan iterations:   0 |\n"
            ),
            [
                ("elapsed time per iteration (ms)", 10, 11.9),
                ("lm loss", 10, 1.697181),
                ("number of nan iterations", 10, 0),
            ],
        ),
        (
            "Epoch: [0][ 10/391]\tTime  0.345 ( 0.400)\tLoss 2.3026e+00 (2.3101e+00)\tAcc@1   0.00 (  0.39)\n",
            [("Time", 10, 0.345), ("Loss", 10, 2.3026), ("Acc@1", 10, 0.0)],
        ),
        (
            "[01/22 16:49:33 d2.utils.events]:  eta: 0:00:04  iter: 19  total_loss: 1.425  lr: 0.002  max_mem: 912M\n",
            [("total_loss", 19, 1.425), ("lr", 19, 0.002)],
        ),
        (
            "[2026-01-02 16:49:25,063] [INFO] [logging.py:96:log_dist] [Rank 0] step=20, skipped=0, lr=[0.002]\n",
            [("skipped", 20, 0), ("lr", 20, 0.002)],
        ),
        ("steps: 20 loss: 1.4628 iter time (s): 0.013\n", [("loss", 20, 1.4628), ("iter time (s)", 20, 0.013)]),
        (
            "2026-01-02 10:00:00 | INFO | train_inner | epoch 001:    100 / 1234 loss=12.3, ppl=4482.2\n",
            [("loss", 100, 12.3), ("ppl", 100, 4482.2)],
        ),
        ("[1,  2000] loss: 2.173\n", [("loss", 2000, 2.173)]),
        ("loss: 2.303194  [   64/60000]\n", [("loss", 64, 2.303194)]),
        (
            "Test set: Average loss: 1.3661, Accuracy: 235/410 (57%)\n",
            [("Average loss", None, 1.3661), ("Accuracy", None, 57)],
        ),
        ("[Epoch 0/200] [Batch 3/938] [D loss: 0.693] [G loss: 0.702]\n", [("D loss", 3, 0.693), ("G loss", 3, 0.702)]),
        ("| epoch   1 |   200/ 2983 batches | loss  7.63 | ppl  2063.2\n", [("loss", 200, 7.63), ("ppl", 200, 2063.2)]),
        (
            "Epoche 1/8 \u2013 Verlust: 1.5969, Genauigkeit: 0.383\n",
            [("Verlust", 1, 1.5969), ("Genauigkeit", 1, 0.383)],
        ),
        ("轮次 1/8 损失: 1.5353 准确率: 0.383\n", [("损失", 1, 1.5353), ("准确率", 1, 0.383)]),
        ("Epoch 1/5 done: val_loss 1.511 val_acc 0.376   \r", [("val_loss", 1, 1.511), ("val_acc", 1, 0.376)]),
        ("Final accuracy: 87.07%\n", [("Final accuracy", None, 87.07)]),
        ("Test loss=0.9544; test accuracy=0.7195\n", [("Test loss", None, 0.9544), ("test accuracy", None, 0.7195)]),
        (
            "\x1b[32mINFO    \x1b[0m step 10/100\n  \x1b[1mloss\x1b[0m: \x1b[32m1.6165\x1b[0m  acc: 15.6%\n",
            [("loss", 10, 1.6165), ("acc", 10, 15.6)],
        ),
        (
            "      Iter       Train Loss   Remaining Time \n         1           1.4990            0.02s\n",
            [("Train Loss", 1, 1.499)],
        ),
        ("-- Epoch 1\nNorm: 24.03, Avg. loss: 0.5\n", [("Norm", 1, 24.03), ("Avg. loss", 1, 0.5)]),
        ("Epoch 1 finished. Train loss: 0.5. Val loss: 0.6.\n", [("Train loss", 1, 0.5), ("Val loss", 1, 0.6)]),
        ("Episode 10\tAverage reward: 12.3\n", [("Average reward", 10, 12.3)]),
    ],
)
def test_values_and_steps_are_read(text: str, expected: Found) -> None:
    assert metrics(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "epoch,train_loss,seconds\n1,1.47,0.41\n2,1.17,0.35\n",
        "epoch  train_loss  seconds\n1      1.47        0.41\n2      1.17        0.35\n",
        "  epoch    train_loss    seconds\n-----  -----  ----\n      1   1.47   0.41\n      2   1.17  0.35\n",
        "| epoch | train_loss | seconds |\n| 1 | 1.47 | 0.41 |\n| 2 | 1.17 | 0.35 |\n",
    ],
)
def test_a_table_with_a_header_is_read(text: str) -> None:
    assert metrics(text) == [
        ("train_loss", 1, 1.47),
        ("seconds", 1, 0.41),
        ("train_loss", 2, 1.17),
        ("seconds", 2, 0.35),
    ]


def test_nan_and_infinities_are_values() -> None:
    found = metrics("step 65/120 loss: nan grad_norm: -inf\n")
    assert math.isnan(found[0][2])
    assert found[1] == ("grad_norm", 65, -math.inf)
    assert scan(b"step 1 loss=nan\n", b"").to_json()["metrics"][0]["value"] == "nan"


def test_a_bars_postfix_gives_a_value_per_change_and_steps_that_go_on() -> None:
    def frame(epoch: int, n: int, loss: float) -> str:
        return f"\rEpoch {epoch}/2:  50%|█████     | {n}/10 [00:01<00:05, 10.0it/s, loss={loss}]"

    text = frame(1, 5, 0.5) + frame(1, 6, 0.5) + frame(1, 7, 0.4) + frame(2, 5, 0.3)
    assert metrics(text) == [("loss", 5, 0.5), ("loss", 7, 0.4), ("loss", 15, 0.3)]


def test_keras_reports_an_epoch_once() -> None:
    text = (
        "Epoch 1/3\n\r 1/10 [=>.....] - ETA: 5s - loss: 0.7\r10/10 [=====] - 1s 5ms/step - loss: 0.6 - val_loss: 0.5\n"
    )
    assert metrics(text) == [("loss", 1, 0.6), ("val_loss", 1, 0.5)]


@pytest.mark.parametrize(
    "text",
    [
        "connected to 10.0.12.7:29500",
        "date 2026-03-04 11:22:33, host node-17, pid 4242",
        "torch version: 2.13.0, 2 cpus",
        "seed=1234",
        "batch_size: 64",
        "failed=0 skipped=0",
        "vocab 32000, dim 512, heads 8",
        "see https://example.org/issues/1234?loss=1",
        "loss function: cross_entropy",
        "0x7f3a2c loss buffer allocated",
        "train/val split 80/20",
        "args: --loss=0.5 --lr=0.1",
        "Namespace(lr=0.1, loss_weight=0.5)",
        "GPU memory: 12.3 GB",
        "saved checkpoint to /tmp/ckpt-step=100-loss=0.3.pt",
        "shard 1/7 cached to /data/shard-00020.bin in 1.20s",
        "errors=0 in the data check",
        "2026-01-02 10:00:00,1 - a - WARNING - gradient norm 0.59 is above the clip threshold",
        "Total params: 1.4 K",
        'Traceback (most recent call last):\n  File "x.py", line 3\nValueError: loss=0.5 is odd',
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert metrics(text + "\n") == []


def test_a_side_file_line_gives_progress_step_and_values() -> None:
    said = parse_metrics_line(b'{"progress": 0.4, "step": 120, "loss": 0.31, "note": "x", "ok": true}\n')
    assert said == (0.4, 120, {"loss": 0.31})
    assert parse_metrics_line(b'{"epoch": 3, "loss": NaN}').step == 3
    assert parse_metrics_line(b'{"loss": "inf"}').values == {"loss": math.inf}
    assert parse_metrics_line(b'{"progress": 7}').progress == 1.0


@pytest.mark.parametrize(
    "raw", [b"", b"[1]", b"{", b"\xff", b"3", b"[" * 100_000, b'{"step": NaN}', b'{"a": 1' + b"0" * 400 + b"}"]
)
def test_a_broken_side_file_line_says_nothing(raw: bytes) -> None:
    assert parse_metrics_line(raw) == (None, None, {})
