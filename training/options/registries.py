"""What options of several parts have in common: names of a registry, seeds."""

import dataclasses
from typing import Annotated, Any

import tyro


def one_of(registry: dict, what: str, unasked: str | None = None) -> Any:
    """The type of an option, with help that lists what there is.

    Args:
        registry: Dict from name to an entry with `name` and `about`.
        what: String, what is chosen; begins the help.
        unasked: String, what is taken if the option is `None`; ends the help.
    """
    names = [f"{one.name} ({one.about})" for one in registry.values()]
    help_ = f"{what}: {', '.join(names)}" + f"; else {unasked}" * bool(unasked)
    return Annotated[
        str | None if unasked else str,
        tyro.conf.arg(help=f"{help_}.", metavar="NAME"),
    ]


def check_known(
    option: str, name: str, registry: dict, else_: str = ""
) -> None:
    """Refuses a name that no entry has.

    Args:
        option: String, as on the command line.
        name: String.
        registry: Dict whose keys are the names.
        else_: String, what else would do; ends the message.

    Raises:
        ValueError: With all names there are.
    """
    if name not in registry:
        raise ValueError(
            f"{option}: there is no '{name}' among {', '.join(registry)}{else_}"
        )


def changed(options: Any) -> list[str]:
    """The names of the fields of a dataclass that are not as by default.

    Args:
        options: Instance of a dataclass. Fields whose default is made anew for
            each are not looked at.
    """
    return [
        one.name
        for one in dataclasses.fields(options)
        if one.default is not dataclasses.MISSING
        and getattr(options, one.name) != one.default
    ]


def check_seed(option: str, seed: int) -> None:
    """Refuses a number that NumPy takes for no seed.

    Args:
        option: String, as on the command line.
        seed: Int.

    Raises:
        ValueError: With the numbers that it does take.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"{option} must be from 0 to {2**32 - 1}, not {seed}")
