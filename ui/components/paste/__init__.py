"""Pictures pasted or dropped anywhere on the page go to its uploader."""

from ui.components.packet import register

_mount = register("paste")


def paste(*, key: str) -> None:
    """Listens on the whole page while it is mounted; shows nothing."""
    _mount(key=key, data={})
