"""The parameters that `make deploy` remembers, in samconfig.toml as SAM writes it."""

import re
import tomllib

from backend.common.console import CommandError

# A parameter of the one line that SAM keeps: a string of TOML, in which values stand between escaped quotes.
VALUE = r'(?:\\"(?:[^"\\]|\\\\.)*?\\"|[^\s"\\]*)'
LINE = re.compile(r'^(parameter_overrides\s*=\s*")((?:[^"\\\n]|\\.)*)(")[ \t]*$', re.MULTILINE)


def stack_name(text: str) -> str:
    """The stack that the file is about."""
    return str(_section(text).get("stack_name", ""))


def parameter(text: str, name: str) -> str:
    """A parameter's value; empty without one."""
    overrides = _section(text).get("parameter_overrides", "")
    found = re.search(rf'(?:^|\s){name}=(?:"([^"]*)"|(\S*))', overrides if isinstance(overrides, str) else "")
    return (found[1] or found[2] or "") if found else ""


def with_parameter(text: str, name: str, value: str) -> str:
    """The file with another value of one parameter, and otherwise as it is."""
    pair = f'{name}=\\"{value}\\"'

    def changed(line: re.Match[str]) -> str:
        present = re.compile(rf"(?<!\S){name}={VALUE}")
        pairs, count = present.subn(lambda _: pair, line[2])
        return line[1] + (pairs if count else f"{pairs} {pair}".lstrip()) + line[3]

    edited, lines = LINE.subn(changed, text)
    try:
        good = lines == 1 and parameter(edited, name) == value
    except CommandError:
        good = False
    if not good:
        raise CommandError(f"samconfig.toml is not as SAM writes it: set {name} to {value!r} there by hand.")
    return edited


def _section(text: str) -> dict[str, object]:
    try:
        section = tomllib.loads(text)["default"]["deploy"]["parameters"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        raise CommandError("samconfig.toml holds no parameters of `sam deploy`.") from None
    return dict(section)
