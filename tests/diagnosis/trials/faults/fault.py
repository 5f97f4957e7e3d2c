"""What a planted fault is, and how it gets into a program."""

from collections.abc import Callable
from dataclasses import dataclass, field

from ..programs import Program
from ..setup import Setup

MEASURED = {"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "D02", "D12", "D13", "U07", "U08", "U09", "U10"}
FAULTS: dict[str, "Fault"] = {}


def always(setup: Setup) -> bool:
    return True


@dataclass(frozen=True)
class Fault:
    """`construct` overrides a construct of the program; `change` changes what the author chose.

    `look_alikes`: codes that give the same numbers or tell the same fault in other words; `also`: true side effects.
    `needs`: the fields of the Case without which it cannot be seen. `harmless`: often without consequence as planted.
    """

    code: str
    name: str
    construct: type[Program] | None = None
    change: Callable[[Setup], Setup] | None = None
    fits: Callable[[Setup], bool] = always
    look_alikes: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    needs: frozenset[str] = field(default_factory=frozenset)

    @property
    def measured(self) -> bool:
        """A setting that may be right or wrong: to be named only where the network is stuck with it."""
        return self.code in MEASURED

    @property
    def named_by(self) -> frozenset[str]:
        return self.look_alikes | {self.code}


def fault(code, fits=always, look_alikes=(), also=(), needs=()):
    """Registers a subclass of Program, or a function from Setup to Setup, as a fault; its name is the fault's."""

    def register(planted):
        is_class = isinstance(planted, type)
        name = f"{code} {planted.__name__}"
        FAULTS[name] = Fault(
            code,
            name,
            planted if is_class else None,
            None if is_class else planted,
            fits,
            frozenset(look_alikes),
            frozenset(also),
            frozenset(needs),
        )
        return planted

    return register


def plant(setup: Setup, *faults: Fault) -> tuple[type[Program], Setup]:
    """The class of the faulty program and its setup; `plant(setup)` is the right program."""
    for planted in faults:
        if planted.change is not None:
            setup = planted.change(setup)
    constructs = tuple(planted.construct for planted in faults if planted.construct is not None)
    return (type("Program", (*constructs, Program), {}) if constructs else Program), setup
