"""What explains a network's answers: sessions of rewritten graphs, each opened when it is first needed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from convoscope.cached import cached_property
from convoscope.evidence import LinearHead, linear_head
from convoscope.layers import Stage
from convoscope.network import Network
from convoscope.why.full_gradient import FullGradients, open_full_gradients
from convoscope.why.gradients import Gradients, open_gradients
from convoscope.why.surgery import lean
from convoscope.why.switches import LeaveOneOut, Switchboard, open_leave_one_out, open_switchboard
from convoscope.why.trust import shuffled

KEPT = 6  # sessions of all networks together: as many as one visitor needs who goes through all views
ROOM = 96 * 2**20  # bytes of all their weights: each session has them once, and up to twice as much beside them
IDLE = 300  # seconds after which a session that nobody has used is closed

Session = TypeVar("Session")


@dataclass(frozen=True)
class _Opened:
    session: Any
    size: int
    used: float


class Sessions:
    """Those used last. May be used by many threads at once: at worst two of them open the same session."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], _Opened] = {}  # the one used last at the end
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def get(self, what: tuple[str, ...], size: int, make: Callable[[], Session]) -> Session:
        """size: of its weights, in bytes."""
        with self._lock:
            found = self._kept.get(what)
        session: Session = found.session if found else make()
        with self._lock:
            self._kept.pop(what, None)
            self._kept[what] = _Opened(session, size, time.monotonic())
            while len(self._kept) > 1 and (len(self._kept) > KEPT or sum(each.size for each in self._kept.values()) > ROOM):
                del self._kept[next(iter(self._kept))]
            self._look_again()
        return session

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def close_idle(self) -> None:
        with self._lock:
            self._timer = None
            for what, opened in list(self._kept.items()):
                if time.monotonic() - opened.used >= IDLE:
                    del self._kept[what]
            self._look_again()

    def _look_again(self) -> None:
        """When the one that has rested longest may have rested long enough."""
        if self._timer is None and self._kept:
            used = next(iter(self._kept.values())).used
            self._timer = threading.Timer(max(1, used + IDLE - time.monotonic()), self.close_idle)
            self._timer.daemon = True
            self._timer.start()


SESSIONS = Sessions()


@dataclass(frozen=True)
class Tools:
    network: Network

    @cached_property
    def head(self) -> LinearHead | None:
        return linear_head(self.network)

    @property
    def lean(self) -> Network:
        return self._once("lean", lambda: lean(self.network))

    @property
    def gradients(self) -> Gradients:
        """Of the photo alone. Raises GradientError."""
        return self._once("gradients", lambda: open_gradients(self.network))

    @property
    def full_gradients(self) -> FullGradients:
        """Raises GradientError."""
        return self._once("full gradients", lambda: open_full_gradients(self.network))

    @property
    def switchboard(self) -> Switchboard:
        return self._once("switchboard", lambda: open_switchboard(self.network))

    @property
    def forgetful(self) -> "Tools":
        """Of the same network with its weights shuffled."""
        return self._once("shuffled", lambda: Tools(shuffled(self.network)))

    def leave_one_out(self, stage: Stage) -> LeaveOneOut:
        return self._once(f"leave one out {stage.tensor}", lambda: open_leave_one_out(self.network, stage))

    def map_gradients(self, stage: Stage) -> Gradients:
        """Of the stage alone. Raises GradientError."""
        return self._once(f"gradients {stage.tensor}", lambda: open_gradients(self.network, [stage.tensor], photo=False))

    def _once(self, what: str, make: Callable[[], Session]) -> Session:
        return SESSIONS.get((self.network.key, what), 4 * self.network.parameters, make)
