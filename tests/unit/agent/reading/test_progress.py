"""Progress of the whole job, from lines as the libraries print them."""

from __future__ import annotations

import pytest

from agent.reading import Hints, Progress, scan


def fractions(text: str, epochs: int | None = None) -> list[float]:
    found = scan(b"", text.encode(), Hints(epochs)).progress
    return [round(p.fraction, 2) for p in found]


def bar(label: str, n: int, total: int, postfix: str = "") -> str:
    front = f"{label}: " if label else ""
    return f"\r{front}{100 * n // total:3d}%|█████     | {n}/{total} [00:01<00:05, 10.00it/s{postfix}]"


def test_one_bar_is_the_whole_job_and_never_claims_its_end() -> None:
    assert fractions("".join(bar("train", n, 10) for n in (0, 5, 10))) == [0.0, 0.5, 0.99]


def test_a_bar_is_known_before_the_next_frame_begins() -> None:
    text = bar("train", 5, 10)
    (point,) = scan(b"", text.encode()).progress
    assert point == Progress("stderr", 1, len(text.encode()), 0.5)


EPOCHS = [0.0, 0.17, 0.33, 0.5, 0.67, 0.83, 0.99]


@pytest.mark.parametrize(
    "text",
    [
        "".join(bar(f"Epoch {e}/3", n, 10) for e in (1, 2, 3) for n in (0, 5, 10)),
        "".join(f"Epoch {e}/3\n" + "".join(bar("it", n, 10) for n in (0, 5, 10)) + "\n" for e in (1, 2, 3)),
        "".join(bar(f"[{e}/3]", n, 10) for e in (1, 2, 3) for n in (0, 5, 10)),
        "".join(f"Epoch {e}/3 batch {n}/10 loss 0.5\r" for e in (1, 2, 3) for n in (0, 5, 10)),
        "".join(f"Epoch [{e}/3], Step [{n}/10], Loss: 0.5\n" for e in (1, 2, 3) for n in (0, 5, 10)),
        "".join(
            f"Epoch {e}/3\n" + "".join(f"\r{n}/10 [==>....] - ETA: 0s - loss: 0.6" for n in (0, 5, 10)) + "\n"
            for e in (1, 2, 3)
        ),
        bar("Epochs", 0, 3)
        + "".join(
            "".join("\n" + bar(f"epoch {e}", n, 10) + "\x1b[A" for n in (0, 5, 10)) + bar("Epochs", e, 3)
            for e in (1, 2, 3)
        ),
        bar("", 0, 3)
        + "".join(
            "".join("\n" + bar("batches", n, 10) + "\x1b[A" for n in (0, 5, 10)) + bar("", e, 3) for e in (1, 2, 3)
        ),
        "epochs = 3\n" + "".join(bar(f"Epoch {e}", n, 10) for e in (0, 1, 2) for n in (0, 5, 10)),
    ],
)
def test_the_bar_inside_refines_the_epoch(text: str) -> None:
    assert fractions(text) == EPOCHS


@pytest.mark.parametrize(
    "text",
    [
        "".join(bar(f"Epoch {e}", n, 10) for e in (0, 1, 2) for n in (0, 5, 10)),
        "".join(bar("train", n, 10) + "\n" for _ in range(3) for n in (0, 5, 10)),
        "".join(bar(name, n, 10) + "\n" for _ in range(3) for name in ("Train", "Valid") for n in (0, 5, 10)),
    ],
)
def test_what_the_person_typed_makes_epochs_a_total(text: str) -> None:
    assert fractions(text, epochs=3) == EPOCHS


def test_a_bar_over_all_epochs_stays_the_whole_job_whatever_was_typed() -> None:
    assert fractions(bar("train", 10, 300), epochs=5) == [0.03]
    assert fractions(bar("epochs done", 2, 5), epochs=5) == [0.4]


def test_a_bar_that_is_emptied_before_the_next_epoch_does_not_go_back() -> None:
    text = "".join(bar(f"Epoch {e}", n, 10) for e in (0, 1) for n in (0, 5, 10, 0))
    assert fractions(text, epochs=3) == EPOCHS[:5]


def test_an_epoch_of_unknown_total_claims_nothing() -> None:
    assert fractions("".join(bar(f"Epoch {e}", n, 10) for e in (0, 1, 2) for n in (0, 5, 10))) == []


def test_an_evaluation_bar_does_not_move_the_job() -> None:
    text = bar("", 30, 90) + "".join("\n" + bar("", n, 12) + "\x1b[A" for n in (0, 6, 12)) + bar("", 60, 90)
    assert fractions(text) == [0.33, 0.67]
    keras = "Epoch 2/2\n" + "".join(f"\r{n}/10 ━━━━ 0s 5ms/step - loss: 0.6" for n in (5, 10))
    assert fractions(keras + "\n" + "".join(f"\r{n}/4 ━━━━ 0s 5ms/step" for n in (1, 4)) + "\n") == [0.5, 0.75, 0.99]


def test_an_evaluation_bar_is_the_job_where_nothing_else_counts() -> None:
    assert fractions(bar("Evaluating", 5, 10)) == [0.5]
    assert fractions(bar("Processing", 10, 10) + bar("train", 2, 10)) == [0.99, 0.2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("step 120/1000\n", [0.12]),
        ("INFO:a:step 20/200 loss=1.5 acc=0.4\n", [0.1]),
        ("[4/60] loss: 1.6\n", [0.07]),
        ("it 6/60: loss=1.62\n", [0.1]),
        ("completed 30 of 150 batches, running loss: 1.4\n", [0.2]),
        (" iteration       10/     500 | lm loss: 1.697181E+00 |\n", [0.02]),
        ("Epoch 3/10 | train loss: 1.51 | val acc: 50.5%\n", [0.3]),
        ("epoch 1 of 5 finished: loss 1.5\n", [0.2]),
        ("Epoche 1/8 \u2013 Verlust: 1.5\n", [0.12]),
        ("轮次 2/8 损失: 1.5\n", [0.25]),
        ("step=30 max_steps=240 loss=1.4\n", [0.12]),
        ('{"step": 20, "total_steps": 200, "loss": 1.5}\n', [0.1]),
        ("Total iterations: 400\n iter: 19  total_loss: 1.4\n", [0.05]),
        ("max_iters = 300\niter 30: loss 1.0\n", [0.1]),
        ("\rTraining:  45.0% complete (loss 1.6)\r", [0.45]),
        ("Progress: 45%\n", [0.45]),
        ("Working... ━━━━━━━━━━━━━━  45% 0:00:10\n", [0.45]),
        ("  [#########----------]   45%  00:00:05\n", [0.45]),
        (" 10% (15 of 150) |##    | Elapsed Time: 0:00:00 ETA: 0:00:03\n", [0.1]),
        ("\r 45%|####5     | 9/20 [00:01<00:01,  8.9batch/s, loss=nan]", [0.45]),
        ("\r 45% 9/20 00:01<00:02\r", [0.45]),
        ("train: 45/100 [00:01<00:01]\n", [0.45]),
        ("[====================>---------] 70/100 loss=0.3\n", [0.7]),
    ],
)
def test_a_counter_with_a_total_is_read(text: str, expected: list[float]) -> None:
    assert fractions(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Downloading model.safetensors: 45%\n",
        bar("Downloading", 5, 10),
        bar("Loading weights", 5, 10),
        "step 10: loss 0.5\n" + bar("Validation DataLoader 0", 5, 10),
        "\rfile:  45%|████▌     | 4.50M/10.0M [00:02<00:02, 1.90MB/s]",
        "lossless 3/4 done\n",
        "train/val split 80/20\n",
        "experiment 3/5 of the sweep\n",
        "shard 1/7 cached\n",
        "worker 3 of 4 started\n",
        "step 10: loss = 1.6\n",
        "\rconsuming stream: 6it [00:00, 57.00it/s, loss=1.57]",
        "GPU util 45%\n",
        "accuracy: 45%\n",
        "2026/11/22 done\n",
    ],
)
def test_what_is_no_progress_of_the_job_claims_nothing(text: str) -> None:
    assert fractions(text) == []


def test_epochs_told_in_parts_are_progress_and_make_the_bar_the_whole_job() -> None:
    record = b"{'loss': '3.8', 'epoch': '0.75'}\n"
    found = scan(record, bar("", 45, 90).encode(), Hints(epochs=3)).progress
    assert [(p.stream, p.fraction) for p in found] == [("stdout", 0.25), ("stderr", 0.5)]
    assert scan(record, b"").progress == []


def test_steps_that_go_on_over_epochs_count_the_whole_job() -> None:
    text = "".join(f"epoch {e} step {n}/300 loss 0.5\n" for e, n in ((1, 50), (1, 100), (2, 150), (2, 200), (3, 300)))
    assert fractions(text) == [0.5, 0.67, 0.99]
