"""The environment and the command line that a job is started with."""

from __future__ import annotations

from typing import Dict, List, Mapping

from agent.core.spec import LaunchSpec

ATTEMPT_VARIABLE = "CLUSTERDECK_ATTEMPT"

# The lines and the command travel as parameters, so no text of a person's is ever pasted into this one. Arrays and no
# function in bash: `declare` in a sourced script would be local to a function.
_BASH = """\
clusterdeck_lines=("${@:2:$1}"); clusterdeck_argv=("${@:$1+2}"); set --
for clusterdeck_line in "${clusterdeck_lines[@]}"; do
  eval "$clusterdeck_line"; clusterdeck_status=$?
  if [ "$clusterdeck_status" -ne 0 ]; then
    printf 'clusterdeck: setup failed with code %s: %s\\n' "$clusterdeck_status" "$clusterdeck_line" >&2
    exit "$clusterdeck_status"
  fi
done
exec -- "${clusterdeck_argv[@]}"
"""
_SH = """\
clusterdeck_run() { clusterdeck_line=$1; set --; eval "$clusterdeck_line"; }
clusterdeck_count=$1; shift
while [ "$clusterdeck_count" -gt 0 ]; do
  clusterdeck_run "$1"; clusterdeck_status=$?
  if [ "$clusterdeck_status" -ne 0 ]; then
    printf 'clusterdeck: setup failed with code %s: %s\\n' "$clusterdeck_status" "$1" >&2
    exit "$clusterdeck_status"
  fi
  shift; clusterdeck_count=$((clusterdeck_count-1))
done
exec "$@"
"""


def job_environment(login: Mapping[str, str], spec: LaunchSpec, directory: str, checkpoints: str) -> Dict[str, str]:
    """The login environment, then the job's variables, then what belongs to the attempt and can't be overridden.

    Python's output is unbuffered unless somebody says otherwise: a log that lags by 8 KiB isn't live.
    """
    result = dict(login)
    result.setdefault("PYTHONUNBUFFERED", "1")
    result.update(spec.env)
    result["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    result["CUDA_VISIBLE_DEVICES"] = ",".join(spec.gpu_uuids)
    result[ATTEMPT_VARIABLE] = spec.attempt_id
    result["CLUSTERDECK_JOB"] = spec.job_id
    result["CLUSTERDECK_METRICS"] = f"{directory}/metrics.jsonl"
    result["CLUSTERDECK_CHECKPOINT_DIR"] = checkpoints
    return result


def job_command(spec: LaunchSpec, has_bash: bool) -> List[str]:
    """The argv to execute: the job's own, behind a shell only when there are setup lines."""
    if not spec.setup:
        return list(spec.argv)
    shell, text = ("bash", _BASH) if has_bash else ("sh", _SH)
    return [shell, "-c", text, shell, str(len(spec.setup)), *spec.setup, *spec.argv]
