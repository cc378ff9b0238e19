"""Levels, from lines as the libraries print them."""

from __future__ import annotations

import pytest

from agent.reading import LineLevels


def levels(text: str, stream: str = "stdout") -> list[str]:
    reader = LineLevels(stream)
    return [line.level for line in reader.feed(text.encode()) + reader.finish()]


MARKED = [
    ("INFO:root:hello", "info"),
    ("2026-01-02 10:00:00,123 - my.train - WARNING - careful", "warning"),
    ("2026-01-02 10:00:00.690 | DEBUG    | __main__:say:19 - details", "debug"),
    ("2026-01-02 10:00:00.690 | SUCCESS  | __main__:say:19 - done", "info"),
    ("[2026-01-02 10:00:00,123][__main__][ERROR] - bad", "error"),
    ("[2026-01-02 10:00:00,805] [WARNING] [config.py:70:check] deprecated", "warning"),
    ("\x1b[1;31mCRITICAL\x1b[0m \x1b[34mabout to stop\x1b[0m", "critical"),
    ("2026-01-02 10:00:00 [warning  ] queue is dry      rank=0", "warning"),
    ('{"event": "x", "level": "error"}', "error"),
    ('{"levelname": "CRITICAL", "message": "x"}', "critical"),
    ('{"level":50,"msg":"pino"}', "error"),
    ('time="2026-01-02T10:00:00Z" level=warning msg="low disk"', "warning"),
    ("E0102 10:00:00.123456 17278 trainer.cc:88] failed", "error"),
    ("F0102 10:00:00.123456 17278 trainer.cc:88] dead", "critical"),
    ("[W 2026-01-02 10:00:00,123] Trial 3 failed", "warning"),
    ("2026-01-02 10:00:00.123456: W tensorflow/core/x.cc:12] oops", "warning"),
    ("[LightGBM] [Warning] No further splits", "warning"),
    ("WARNING [01/02 16:49:35 d2.data.build]: Filtered 12 images", "warning"),
    ("10:00:00 INFO     starting                train.py:12", "info"),
    ("node:12:34 [0] NCCL WARN oops", "warning"),
    ("(raylet) WARNING: spilling", "warning"),
    ("train.py: error: the following arguments are required: --lr", "error"),
    ("fatal: not a git repository", "critical"),
    ("train.py:77: UserWarning: call of lr_scheduler.step()", "warning"),
    ("torch.cuda.OutOfMemoryError: CUDA out of memory.", "error"),
    ("Segmentation fault (core dumped)", "error"),
]


@pytest.mark.parametrize(("text", "level"), MARKED)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_marker_tells_the_level(text: str, level: str, stream: str) -> None:
    assert levels(text + "\n", stream) == [level]


@pytest.mark.parametrize(
    "text",
    [
        "Error handling: enabled (0 errors so far)",
        "no warnings were raised while importing",
        "no ERROR here",
        "critical section entered 0 times",
        "warning_threshold set from config",
        "failed=0 skipped=0 errors=0",
        "--log-level=ERROR was given",
        "max_level=3",
        "Kein Fehler aufgetreten.",
    ],
)
def test_a_word_in_a_sentence_is_no_marker(text: str) -> None:
    assert levels(text) == ["info"]


def test_without_a_marker_the_stream_tells() -> None:
    assert levels("hello\n") == ["info"]
    assert levels("hello\n", "stderr") == ["warning"]


@pytest.mark.parametrize(
    "text",
    [
        "\rtrain:  45%|████▌     | 109/240 [00:02<00:02, 57.90it/s]",
        "\rconsuming: 6it [00:00, 57.00it/s, loss=1.57]",
        " 10% (15 of 150) |##      | Elapsed Time: 0:00:00 ETA: 0:00:03",
        "\r[####----]  50%",
        "Epoch 3/10 loss 0.31",
        "GPU available: False, used: False",
        "",
        "   ",
    ],
)
def test_bars_and_reports_on_stderr_are_no_warnings(text: str) -> None:
    assert levels(text + "\n", "stderr") == ["info"]


def test_a_message_glued_to_a_bar_tells_the_level_of_the_line() -> None:
    bar = "\rsteps:  15%|█▌        | 37/240 [00:00<00:03, 59.30it/s]"
    assert levels(bar + "\r     \r2026-01-02 10:00:00,1 - train - ERROR - no disk\n" + bar, "stderr") == [
        "error",
        "info",
    ]
    assert levels(bar + "something is odd\n", "stderr") == ["warning"]


TRACEBACK = """Traceback (most recent call last):
  File "x.py", line 29, in <module>
    {}['optimizer']
    ~~^^^^^^^^^^^^^
KeyError: 'optimizer'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "x.py", line 31, in <module>
RuntimeError: could not load
"""


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_chained_tracebacks_are_one_block(stream: str) -> None:
    found = levels(TRACEBACK, stream)
    assert [level for level, text in zip(found, TRACEBACK.splitlines(), strict=True) if text] == ["error"] * 9


def test_a_launchers_tag_does_not_hide_a_traceback() -> None:
    text = "".join(f"[rank1]: {line}\n" for line in TRACEBACK.splitlines()[:5])
    assert levels(text, "stderr") == ["error"] * 5


def test_logging_goes_on_behind_a_traceback() -> None:
    text = "ERROR:a:bad\n" + TRACEBACK + "INFO:a:next\nINFO:a:more\n"
    assert levels(text, "stderr")[-2:] == ["info", "info"]
    assert levels(TRACEBACK + "retrying\n")[-1] == "info"


def test_an_exception_group_is_one_block() -> None:
    text = (
        '  + Exception Group Traceback (most recent call last):\n  |   File "x", line 1\n'
        "  | ExceptionGroup: x (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n"
    )
    assert levels(text, "stderr") == ["error"] * 5


def test_a_torchrun_failure_block_is_an_error() -> None:
    text = (
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
        "============================================================\ntrain.py FAILED\nRoot Cause:\n"
    )
    assert levels(text, "stderr") == ["error"] * 4


def test_the_source_line_belongs_to_the_warning() -> None:
    assert levels("/a/b.py:7: FutureWarning: gone\n  warnings.warn(\n") == ["warning", "warning"]


def test_indented_lines_belong_to_their_record() -> None:
    assert levels("INFO:a:config\n  lr: 0.1\nodd\n", "stderr") == ["info", "info", "warning"]
