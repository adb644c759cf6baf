"""Where things lie in the clone. Everything that is written goes below `LOCAL`, which git ignores."""

from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2]
ROOT = TOOLS.parent
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
# One directory for each running stack, named after its process.
RUNNING = LOCAL / "running"
LOCAL_KEYS = LOCAL / "keys" / "local"
DEPLOYMENT_KEYS = LOCAL / "keys" / "deployment"
TEMPLATE = ROOT / "template.yaml"
OPENAPI = ROOT / "openapi.yaml"
# What `make docs` builds.
REFERENCE = ROOT / "target" / "reference.html"
EVENTS = ROOT / "events"
SAM_CONFIG = ROOT / "samconfig.toml"


def shown(file: Path) -> Path:
    """A file as a person in the clone's root names it."""
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
