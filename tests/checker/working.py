"""What every thread of the checker is: something that does one thing after another."""

import random
import threading
import traceback

from tests.checker.client import Client, Unanswered
from tests.checker.scene import Scene

_PATIENCE = 60  # seconds for the step that it is in
_TURN = 6.0  # seconds after which writing and resting begin anew
_WRITING = 3.7  # seconds of a turn; then it is quiet enough for a `Last-Modified`
_RETRY = 0.02  # seconds until a server that did not answer is asked again


class Working:
    """Takes one step after another in a thread of its own; its chance comes from the seed."""

    pause = 0.0
    """Seconds between two steps, at most; half of it on average."""
    rests = False
    """Whether it does nothing while most of the writers rest, all at the same time."""

    def __init__(self, name: str, scene: Scene) -> None:
        self.name = name
        self.history = scene.history
        self.findings = scene.findings
        self.client = Client(scene.port, scene.history.now)
        self.chance = random.Random(f"{scene.seed} {name}")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def _work(self) -> None:
        """Step until stopped; a fault of the checker's own is a violation, too."""
        try:
            while not self._ending.wait(self.chance.uniform(0, self.pause)):
                if self.rests and self.history.now() % _TURN > _WRITING:
                    continue
                try:
                    self.step()
                except Unanswered:
                    self._ending.wait(_RETRY)
        except Exception:  # noqa: BLE001 - told, or nobody would see it
            self.violated("CHECKER", traceback.format_exc(limit=6))
        finally:
            self.client.close()

    def step(self) -> None:
        """Do one thing; Unanswered only means that it is done again."""
        raise NotImplementedError

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end after the step that it is in."""
        self._ending.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            self.violated("CHECKER", f"does not end within {_PATIENCE} seconds")

    def violated(self, kind: str, evidence: str) -> None:
        """Note a violation that this one has seen."""
        self.findings.violated(kind, self.name, evidence)
