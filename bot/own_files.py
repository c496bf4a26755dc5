"""Whose a file is: what mesbot keeps for itself is read and written by the user it runs as, and by nobody else.

Folders are made 0700 and files 0600. What belongs to another user, leads elsewhere (a symbolic link) or is of another kind
is refused. On Windows, where files have no such modes, kinds alone are looked at, and the user's profile keeps others out. It
is no defence against root, nor against somebody who may write the folders above.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from bot.errors import NotOurs

FOLDER_MODE, FILE_MODE, OTHERS = 0o700, 0o600, 0o077
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def why_not_ours(path: Path, *, folder: bool = False) -> str:
    """Why what stands at a path is not to be used, as a sentence; "" if it is a file (folder) of this user, or nothing is there.

    What cannot be looked at cannot be opened either: whoever tries hears why.
    """
    try:
        found = path.lstat()
    except OSError:
        return ""
    if stat.S_ISLNK(found.st_mode):
        return f"{path} is a symbolic link, and whoever may change it would lead mesbot elsewhere; name what it leads to, or remove it."
    if not (stat.S_ISDIR if folder else stat.S_ISREG)(found.st_mode):
        return f"{path} is no {'folder' if folder else 'plain file'}, and mesbot keeps one there; move it away."
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        owner, we = _name(found.st_uid), _name(os.geteuid())
        own = "use a folder of your own: MESBOT_HOME for the state, --out for a run"
        return f"{path} belongs to {owner}, and mesbot is run as {we}; run it as {owner}, or {own}."
    return ""


def require_ours(path: Path, *, folder: bool = False) -> None:
    """Raises NotOurs if what stands at a path is another user's, a symbolic link, or no plain file (folder)."""
    if why := why_not_ours(path, folder=folder):
        raise NotOurs(why)


def own_folder(path: Path) -> None:
    """Make a folder for us alone if it is missing. Raises NotOurs, or OSError if it cannot be made."""
    require_ours(path, folder=True)
    run_folder(path)


def run_folder(path: Path) -> None:
    """Make the folder that a run writes into for us alone if it is missing; one that is there stays as it is. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)


def own_file(path: Path) -> None:
    """Make an empty file for us alone if it is missing. Raises NotOurs, or OSError if it cannot be made.

    One that exists is not opened: its closing would take away the locks that this process holds on it.
    """
    require_ours(path)
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, FILE_MODE))


def opened_own(path: str, flags: int) -> int:
    """An opener for `open`: what it makes is for us alone, and a symbolic link is not followed. Raises OSError."""
    return os.open(path, flags | _NO_LINK, FILE_MODE)


def write_own(path: Path, content: bytes) -> None:
    """Put this content at a path, whole and on the disk or not at all, for us alone; what stands there is replaced. Raises OSError."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with open(draft, "xb", opener=opened_own) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def tightened(*folders: Path) -> str:
    """Take from others what they may do with these folders and the files in them, as far as they are ours.

    What was done, as a sentence; "" if nothing was to be done. Raises NotOurs for a folder that is not, OSError if it cannot be done.
    """
    wide = []
    for folder in folders:
        own_folder(folder)
        for path in (folder, *folder.iterdir()):
            mode = path.lstat().st_mode
            if mode & OTHERS and not why_not_ours(path, folder=stat.S_ISDIR(mode)):
                path.chmod(FOLDER_MODE if stat.S_ISDIR(mode) else FILE_MODE)
                wide.append(path)
    if not wide or os.name == "nt":
        return ""
    return f"{folders[0]}: others on this machine could read {len(wide)} of its files and folders; from now on only this user can."


def _name(uid: int) -> str:
    import pwd  # there is none on Windows, where nobody asks

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
