"""The root command: global options, the list of commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from console import VERSION
from console.cli.output import say
from console.cli.session import OpenServiceFactory, RunConsole, Session
from console.domain.errors import ClusterdeckError

INTERRUPTED = 130

# Name, module and what the list says: a command's module is imported only when that command runs.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Run example trainings and watch them."),
    "submit": ("submit", "Queue a job."),
    "jobs": ("jobs", "List jobs."),
    "show": ("show", "Show all about one job."),
    "logs": ("logs", "Print what a job wrote."),
    "metrics": ("metrics", "Print a job's metrics by step."),
    "usage": ("usage", "Print what a job used."),
    "stop": ("stop", "End jobs."),
    "restart": ("restart", "Queue Failed or Completed jobs again."),
    "delete": ("delete", "Remove jobs with their logs and outputs."),
    "edit": ("edit", "Change a Pending or Failed job."),
    "nodes": ("nodes", "List nodes."),
    "serve": ("serve", "Schedule without a screen."),
    "scan": ("scan", "See what would be read out of a log."),
}


class RootGroup(click.Group):
    """Loads a command when it is asked for, and turns every error into sentences and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"console.cli.{COMMANDS[cmd_name][0]}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from console.config.nearest import did_you_mean  # noqa: PLC0415 - start-up

            ctx.fail(f'There is no command "{name}"{did_you_mean(name, COMMANDS)}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it so
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(  # type: ignore[override]  # the overloads of click tell exit and return apart; this one always exits
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        sys.exit(self._run(args, prog_name or "clusterdeck", extra))

    def _run(self, args: Sequence[str] | None, prog_name: str, extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, prog_name, **{**extra, "standalone_mode": False})
            sys.stdout.flush()
        except ClusterdeckError as error:
            say(str(error))
            return error.exit_code
        except click.UsageError as error:
            say(_usage(error))
            return error.exit_code
        except click.ClickException as error:
            say(error.format_message())
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            say("Interrupted.")
            return INTERRUPTED
        except BrokenPipeError:
            # Whoever read stdout has gone: nothing is left to say, and the flush at exit must not fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except Exception as error:
            if os.environ.get("CLUSTERDECK_TRACEBACK"):
                raise
            say(
                f"This is a fault of clusterdeck itself ({type(error).__name__}: {error}). "
                "Set CLUSTERDECK_TRACEBACK=1 and try again to see where, and report it."
            )
            return 1
        return code if isinstance(code, int) else 0


def _usage(error: click.UsageError) -> str:
    text = error.format_message()
    if error.ctx is not None and isinstance(error, click.NoSuchOption | click.MissingParameter | click.BadParameter):
        text = f"{error.ctx.command_path}: {text}"
    where = error.ctx.command_path if error.ctx is not None else "clusterdeck"
    return f"{text}\nTry `{where} --help`."


def build_cli(open_service: OpenServiceFactory, run_console: RunConsole) -> click.Group:
    """The command line over an engine and a console that the caller provides."""

    @click.command(
        cls=RootGroup,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog="Example: clusterdeck submit --epochs 3 -- python train.py --epochs {epochs}",
    )
    @click.option(
        "--home", metavar="DIR", help="Keep configuration, database and state under DIR (else CLUSTERDECK_HOME)."
    )
    @click.version_option(VERSION, prog_name="clusterdeck")
    @click.pass_context
    def root(ctx: click.Context, home: str | None) -> int:
        """Queue training jobs, run them on your machines, watch them. Without a command the console opens."""
        session = Session(open_service, run_console, home)
        ctx.obj = session
        return session.console() if ctx.invoked_subcommand is None else 0

    assert isinstance(root, click.Group)
    return root
