"""The words for epochs and steps, in the languages that scripts print."""

from __future__ import annotations

import re

EPOCH_WORDS = r"epochs?|epoche|epochen|[ée]poques?|[ée]pocas?|epoka|эпоха|轮次|轮|エポック|에포크|에폭"
STEP_WORDS = (
    r"global[_ -]?steps?|train(?:ing)?[_ -]?steps?|steps?|iterations?|iters?|itr|it|mini[_-]?batch|batch(?:es)?"
    r"|updates?|rounds?|episodes?|schritt|[ée]tapes?|itération|paso|iteración|passo|шаг|итерация|步数|步|迭代|ステップ|스텝"
)
EPOCH_WORD = re.compile(r"(?<![\w-])(?:" + EPOCH_WORDS + r")(?![\w-])", re.IGNORECASE)
INNER_WORDS = ("batch", "mini")
"""Steps that are counted from anew in each epoch."""
