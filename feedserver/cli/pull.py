"""`feedserver pull`: ask sources for what is new."""

import argparse
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EXAMPLE = """Examples:
  feedserver pull --once        ask every source until it has nothing new, and leave
  feedserver pull crm           go on asking one source until Ctrl-C"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("sources", metavar="SOURCE", nargs="*", help="only these (default: all)")
    parser.add_argument(
        "--once", action="store_true", help="leave when nothing is new; 0 says it is on disk"
    )


def run(arguments: argparse.Namespace) -> int:
    """Pull from the sources; 1 where one failed."""
    from feedserver.assembly import assemble
    from feedserver.errors import SettingsError
    from feedserver.logs import configure_logging
    from feedserver.settings import load_settings
    from feedserver.worker import Worker

    configure_logging()
    server = assemble(load_settings(), with_index=False)
    try:
        names = [polling.state.name for polling in server.pollings]
        delivered = [name for name in arguments.sources if name in server.hooks]
        if delivered:
            raise SettingsError(f"{delivered[0]} is not asked: it is delivered to (type = webhook)")
        unknown = [name for name in arguments.sources if name not in names]
        if unknown or not names:
            known = ", ".join(names)
            raise SettingsError(
                f"no source {' '.join(unknown)}; known: {known}"
                if names
                else "no source is set up; add [sources.crm] to the settings"
            )
        wanted = {
            polling: every
            for polling, every in server.pollings.items()
            if polling.state.name in (arguments.sources or names)
        }
        if not arguments.once:
            worker = Worker(wanted)
            stop = threading.Event()
            signal.signal(signal.SIGTERM, lambda *_: stop.set())
            signal.signal(signal.SIGINT, lambda *_: stop.set())
            worker.start()
            stop.wait()
            worker.stop()
            return 0
        failed = False
        for polling in wanted:
            try:
                with _collecting_seldom() as collect:
                    while polling.step():
                        collect()
                        _tell_progress(polling.state.recorded)
            except Exception:  # noqa: BLE001 - the step has said why
                failed = True
            _tell_progress(None)
            state = polling.state
            print(f"{state.name}: {state.recorded} recorded, {state.odd} of them odd")
            failed = failed or bool(state.failed)
        return 1 if failed else 0
    finally:
        server.close()


@contextmanager
def _collecting_seldom() -> Iterator[Callable[[], object]]:
    """While it is entered garbage is collected when it is called alone.

    A step makes hundreds of thousands of objects with hardly a circle among them: to look for
    those again and again took a quarter of the time.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()


def _tell_progress(recorded: int | None) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" if recorded is None else f"\r{recorded:,} recorded …")
        sys.stderr.flush()
