"""The fields of the job form, in its order and in the words of the product page."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.jobs import OPTIMIZERS, JobType, Priority

BASIC = "Basic Information"
CONFIGURATION = "Configuration"
RESOURCES = "Resources"
RUN = "Run"
SECTIONS = (BASIC, CONFIGURATION, RESOURCES, RUN)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field. `default` is the text a new form starts with; `is_open` says that a text beside the choices is
    taken as well; `lines` is how many lines it is worth showing; `editable` is False for what a submitted job keeps."""

    key: str
    label: str
    section: str
    helper: str
    example: str = ""
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    is_open: bool = False
    lines: int = 1
    editable: bool = True


FIELDS: tuple[FieldInfo, ...] = (
    FieldInfo(
        "name",
        "Job Name",
        BASIC,
        "Enter a descriptive name for the job",
        example="BERT Fine-tuning - Sentiment Analysis",
        required=True,
    ),
    FieldInfo(
        "description",
        "Description",
        BASIC,
        "Detailed description of the job",
        example="Fine-tuning BERT-base model for sentiment analysis on IMDB movie reviews",
        lines=2,
    ),
    FieldInfo(
        "type",
        "Job Type",
        BASIC,
        "What kind of work it is; it can't be changed later",
        required=True,
        default=JobType.TRAINING.value,
        choices=tuple(member.value for member in JobType),
        editable=False,
    ),
    FieldInfo(
        "priority",
        "Priority",
        BASIC,
        "High goes first: most jobs should be Medium",
        required=True,
        default=Priority.MEDIUM.value.capitalize(),
        choices=tuple(member.value.capitalize() for member in Priority),
    ),
    FieldInfo("experiment", "Experiment", BASIC, "Groups jobs that belong together", example="bert-sentiment"),
    FieldInfo("epochs", "Epochs", CONFIGURATION, "Number of training epochs", example="3"),
    FieldInfo("batch_size", "Batch Size", CONFIGURATION, "Training batch size", example="16"),
    FieldInfo("learning_rate", "Learning Rate", CONFIGURATION, "Initial learning rate", example="0.00002"),
    FieldInfo(
        "optimizer",
        "Optimizer",
        CONFIGURATION,
        "Select one, or type the name of another",
        default=OPTIMIZERS[0],
        choices=OPTIMIZERS,
        is_open=True,
    ),
    FieldInfo("cpus", "CPU Cores", RESOURCES, "Number of CPU cores required", example="4", default="1"),
    FieldInfo("memory", "Memory (GB)", RESOURCES, "Memory allocation in GB", example="16", default="1"),
    FieldInfo("gpus", "GPU Count", RESOURCES, "Number of GPUs required, 0 for CPU-only jobs", example="0", default="0"),
    FieldInfo("node", "Node", RESOURCES, "Only on this node; empty for whichever has room", example="local"),
    FieldInfo(
        "time_limit",
        "Time Limit",
        RESOURCES,
        "The job is stopped after this time; empty for no limit",
        example="2h",
    ),
    FieldInfo(
        "command",
        "Command",
        RUN,
        "What the job runs, in bash; {epochs} {batch_size} {learning_rate} {optimizer} {checkpoint_dir} are filled in",
        example="python train.py --epochs {epochs} --lr {learning_rate}",
        required=True,
        lines=3,
    ),
    FieldInfo("workdir", "Directory", RUN, "Where the command runs; empty for the home directory", example="~/bert"),
    FieldInfo("env", "Environment", RUN, "Variables for the job, as NAME=value", example="WANDB_MODE=offline SEED=1"),
    FieldInfo(
        "setup",
        "Setup",
        RUN,
        "Runs before the command: activate an environment, load modules",
        example="source .venv/bin/activate",
        lines=2,
    ),
)
