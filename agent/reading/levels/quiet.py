"""What libraries print to stderr that is no warning although no word says so."""

from __future__ import annotations

import re

_BAR = re.compile(
    r"\d%\|"  # tqdm
    r"|\[\d{1,6}(?::\d\d){1,3}(?:<|, )"  # tqdm's times
    r"|\d{1,3}% {1,3}\(?\d{1,9}/\d|\d:\d\d<"  # tqdm in formats of one's own
    r"|[━█▏▎▍▌▋▊▉]{4}"  # rich, keras, alive
    r"|\d{1,3}% ?\(\d{1,12} of \d{1,12}\)"  # progressbar2
    r"|\[[#=>.\-]{8,200}\]"  # click, old Keras, pip
    r"|ETA:? |Elapsed Time:"
)
_COUNTER = re.compile(
    r"^\W{0,4}(?:train(?:ing)? |global )?(?:epoch|step|iter|iteration|batch|round)s?\b\W{0,4}\d", re.IGNORECASE
)
# Lightning's rank_zero_info goes to stderr without a level.
_NOTICES = re.compile(
    r"^(?:[GTIH]PU available: |💡 Tip: |`[\w.]{1,40}` stopped: |Using \S{1,20} precision|Using \d{1,2}bit|Seed set to "
    r"|LOCAL_RANK: \d|Restor(?:ing|ed) |Loaded model weights|Initializing distributed: "
    r"|Trainer already configured|Running in `fast_dev_run`|Number of \S{1,40} parameters)"
)


def is_bar(text: str) -> bool:
    """Whether the text is a frame of a progress bar."""
    return _BAR.search(text[:400]) is not None


def is_notice(text: str) -> bool:
    """Whether the text is a report: a counter at its start, or a library's known notice."""
    return _COUNTER.match(text) is not None or _NOTICES.match(text) is not None
