"""A plan, put into a tree or taken out of it: all of it or nothing."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.common.console import CommandError
from backend.scaffold.edits import Edit, MisplacedError
from backend.scaffold.plan import Plan

# What `make client` writes of openapi.yaml.
GENERATED = (
    "client/src/operations.ts",
    "client/src/schema.ts",
    "client/miniprogram_dist/index.d.ts",
    "client/miniprogram_dist/index.js",
    "client/web_dist/index.d.ts",
    "client/web_dist/index.js",
    "client/example/miniprogram/lib/wechat-backend.d.ts",
    "client/example/miniprogram/lib/wechat-backend.js",
)
# What the functions' own folders hold beside their sources.
IGNORED = re.compile(r"(^|/)(\.|target/|__pycache__/)|~$")


@dataclass(frozen=True)
class Change:
    """The files that a plan changes, with the text that each is to have; `None` removes it."""

    texts: Mapping[str, str | None]


def addition(plan: Plan, root: Path) -> Change:
    """The tree with the function."""
    for path in plan.files:
        if (root / path).exists():
            raise CommandError(f"{path} is there already.")
    try:
        return Change({**_edited(plan.edits, root), **plan.files})
    except MisplacedError as error:
        raise CommandError(
            f"This tree is not as the generator knows it: {error} is not where it was, or not once."
        ) from error


def _edited(edits: tuple[Edit, ...], root: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    for edit in edits:
        text = texts[edit.path] if edit.path in texts else (root / edit.path).read_text()
        texts[edit.path] = edit.insert(text)
    return texts


def removal(plan: Plan, root: Path) -> Change:
    """The tree without the function, unless something of it was changed since it was made."""
    changed = [path for path, text in plan.files.items() if _read(root / path) != text]
    changed += [path for path in _beside(plan, root) if path not in plan.files]
    texts: dict[str, str | None] = dict.fromkeys(plan.files)
    for edit in plan.edits:
        text = texts.get(edit.path) or _read(root / edit.path) or ""
        try:
            texts[edit.path] = edit.remove(text)
        except MisplacedError:
            changed.append(edit.path)
    if changed:
        listed = "".join(f"\n  {path}" for path in sorted(set(changed)))
        raise CommandError(f"It is not as it was made, so nothing was removed. These files differ:{listed}")
    return Change(texts)


def _beside(plan: Plan, root: Path) -> Iterator[str]:
    """What lies in the function's own folder."""
    for folder in {"/".join(path.split("/")[:2]) for path in plan.files if path.startswith("functions/")}:
        for file in (root / folder).rglob("*"):
            path = str(file.relative_to(root))
            if file.is_file() and not IGNORED.search(path):
                yield path


def _read(file: Path) -> str | None:
    return file.read_text() if file.is_file() else None


@contextmanager
def restored_on_failure(change: Change, root: Path) -> Iterator[None]:
    """Puts everything back as it was if what is done meanwhile fails or is interrupted."""
    paths = (*change.texts, *GENERATED)
    before = {path: (root / path).read_bytes() if (root / path).is_file() else None for path in paths}
    try:
        yield
    except BaseException:
        for path, content in before.items():
            _put(root, path, content)
        raise


def write(change: Change, root: Path) -> None:
    """Writes the files."""
    for path, text in change.texts.items():
        _put(root, path, None if text is None else text.encode())


def _put(root: Path, path: str, content: bytes | None) -> None:
    file = root / path
    if content is None:
        file.unlink(missing_ok=True)
        _remove_empty(file.parent, root)
    elif not file.is_file() or file.read_bytes() != content:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
