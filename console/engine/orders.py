"""A job's attempt as the order that a node gets."""

from __future__ import annotations

from console.config.placeholders import fill
from console.domain.jobs import Attempt, Hyperparameters, Job
from console.ports import LaunchOrder


def launch_order(job: Job, attempt: Attempt, grace_s: float) -> LaunchOrder:
    """The order to launch this attempt. InvalidInput if the command has a placeholder without a value."""
    spec = job.spec
    return LaunchOrder(
        attempt=attempt.id,
        job=job.id,
        node=attempt.node,
        argv=fill(spec.command, spec.config),
        env=(*spec.env, *_told(job)),
        workdir=spec.workdir,
        setup=(spec.setup,) if spec.setup else (),
        cpus=spec.resources.cpus,
        memory_mib=spec.resources.memory_mib,
        gpus=attempt.gpus,
        time_limit_s=spec.time_limit_s,
        grace_s=grace_s,
        epochs=spec.config.epochs,
    )


def _told(job: Job) -> tuple[tuple[str, str], ...]:
    """What every job finds in its environment; the node adds what belongs to the attempt (ids, paths, GPUs)."""
    amounts = job.spec.resources
    variables = {
        "CLUSTERDECK_CPU_CORES": str(amounts.cpus),
        "CLUSTERDECK_MEMORY_GB": f"{amounts.memory_gb:g}",
        **_hyperparameters(job.spec.config),
    }
    return tuple(variables.items())


def _hyperparameters(config: Hyperparameters) -> dict[str, str]:
    values = {
        "CLUSTERDECK_EPOCHS": config.epochs,
        "CLUSTERDECK_BATCH_SIZE": config.batch_size,
        "CLUSTERDECK_LEARNING_RATE": config.learning_rate,
        "CLUSTERDECK_OPTIMIZER": config.optimizer,
    }
    return {name: str(value) for name, value in values.items() if value is not None}
