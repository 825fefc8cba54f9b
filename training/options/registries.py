"""Options that take a name out of a registry."""

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
