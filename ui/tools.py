"""What explains a network's answers: sessions of rewritten graphs, each opened when it is first needed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from convoscope.evidence import LinearHead, linear_head
from convoscope.layers import Stage
from convoscope.network import Network
from convoscope.why.full_gradient import FullGradients, open_full_gradients
from convoscope.why.gradients import Gradients, open_gradients
from convoscope.why.surgery import lean
from convoscope.why.switches import LeaveOneOut, Switchboard, open_leave_one_out, open_switchboard
from convoscope.why.trust import shuffled

KEPT = 3  # sessions of a network, of those that are about a single stage

Session = TypeVar("Session")


@dataclass(frozen=True)
class Tools:
    """May be used by many threads at once: at worst two of them open the same session."""

    network: Network
    _of_stages: dict[tuple[str, str], Any] = field(default_factory=dict)

    @cached_property
    def head(self) -> LinearHead | None:
        return linear_head(self.network)

    @cached_property
    def lean(self) -> Network:
        return lean(self.network)

    @cached_property
    def gradients(self) -> Gradients:
        """Of the photo alone. Raises GradientError."""
        return open_gradients(self.network)

    @cached_property
    def full_gradients(self) -> FullGradients:
        """Raises GradientError."""
        return open_full_gradients(self.network)

    @cached_property
    def switchboard(self) -> Switchboard:
        return open_switchboard(self.network)

    @cached_property
    def forgetful(self) -> "Tools":
        """Of the same network with its weights shuffled."""
        return Tools(shuffled(self.network))

    def leave_one_out(self, stage: Stage) -> LeaveOneOut:
        return self._once(("leave one out", stage.tensor), lambda: open_leave_one_out(self.network, stage))

    def map_gradients(self, stage: Stage) -> Gradients:
        """Of the stage alone. Raises GradientError."""
        return self._once(("gradients", stage.tensor), lambda: open_gradients(self.network, [stage.tensor], photo=False))

    def _once(self, what: tuple[str, str], make: Callable[[], Session]) -> Session:
        kept = self._of_stages
        session: Session = kept.pop(what, None) or make()
        for oldest in list(kept)[: max(0, len(kept) + 1 - KEPT)]:
            kept.pop(oldest, None)
        kept[what] = session
        return session
