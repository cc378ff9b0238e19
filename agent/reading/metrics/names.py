"""Which names are metrics: the vocabulary of training."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import FrozenSet, Tuple


def _vocabulary(words: str) -> FrozenSet[str]:
    return frozenset(words.split())


STRONG: FrozenSet[str] = _vocabulary(
    """loss losses acc accuracy auc auroc auprc roc f1 fscore precision recall perplexity ppl mae mse rmse mape r2
    logloss reward rewards rew return score bleu rouge meteor iou miou dice map ap ap50 psnr ssim lpips fid wer cer
    elbo kl nll bce entropy crossentropy bpc bpb error err hinge mlogloss merror ndcg mrr top1 top5 acc1 acc5 prec1
    prec5 gnorm grad_norm gradnorm mcc kappa rmsle objective obj elo regret likelihood logprob binary_logloss l1 l2
    cider
    verlust genauigkeit fehler perte précision exactitude pérdida perdida precisión exactitud perda acurácia precisão
    потери точность 损失 准确率 精度 损失值 損失 손실 정확도"""
)


QUALIFIERS: FrozenSet[str] = _vocabulary(
    """train training val valid validation test eval evaluation dev final best avg average mean total running smoothed
    lm mlm grad gradient learning weight batch epoch moving std min max top macro micro weighted balanced binary
    categorical mean sample policy value critic actor"""
)

SPLITS: FrozenSet[str] = _vocabulary("train training val valid validation test dev")

_BANNED: FrozenSet[str] = _vocabulary(
    """seed pid ppid port rank world_size num_workers workers worker version cuda device gpu gpus node host line id
    eta elapsed remaining duration date datetime timestamp ts asctime created msecs relativecreated thread process
    processname threadname lineno levelno level batch_size params parameters size width height dim heads vocab layers
    errors warnings failed max_steps max_iters max_epochs total_steps total_epochs num_epochs total_iters epochs steps
    retries attempt shard shards checkpoint rows files file images max_mem mem memory memallocated maxmemallocated
    micro_step v_num total patience trial fold local_rank global_rank python torch tensorflow numpy
    took in at to of from"""
)

_SPLIT = re.compile(r"[^\w%]+|_|(?<=[a-z])(?=[A-Z])|(?<=[a-z]{3})(?=\d)")


@lru_cache(maxsize=1024)
def words_of(name: str) -> Tuple[str, ...]:
    """The words that a name is made of, in lower case: `val/lossCls` -> val, loss, cls."""
    return tuple(w.lower() for w in _SPLIT.split(name) if w)


@lru_cache(maxsize=1024)
def is_strong(name: str) -> bool:
    """Whether the name alone tells that its value is a metric."""
    low = name.lower()
    return low in STRONG or any(w in STRONG or w.endswith("loss") for w in words_of(name))


@lru_cache(maxsize=1024)
def is_banned(name: str) -> bool:
    """Whether the name is known to be something else: an id, a size, a time of day."""
    low = name.lower().strip()
    return low in _BANNED or low.replace(" ", "_").replace("-", "_") in _BANNED or not any(c.isalpha() for c in name)
