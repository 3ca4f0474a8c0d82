"""What PyInstaller can't see for itself: a hook for each module that imports or reads by name.

PyInstaller finds this folder by the entry point `pyinstaller40`, and runs the hooks of the modules
that a program uses. What `ai_gate._lazy` imports it sees, under `TYPE_CHECKING`.
"""


def hook_dirs() -> list[str]:
    """Return the folder of the hooks: the entry point `pyinstaller40`."""
    return list(__path__)
