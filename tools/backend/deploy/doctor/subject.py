"""What the checks of a deployed stack are about, and what they all need."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from backend.common.aws import Aws
from backend.common.constants import WECHAT_API
from backend.common.stacks import DeployedStack
from backend.deploy.findings import Findings


@dataclass(frozen=True)
class Subject:
    """A deployed stack and what is needed to check it."""

    findings: Findings
    aws: Aws
    stack: DeployedStack
    api: str
    key_directory: Path

    def parameter(self, name: str) -> str:
        """A parameter's value; empty if the stack has none of that name."""
        return self.stack.parameters.get(name, "")

    @property
    def emulated(self) -> bool:
        """Whether an emulator takes the place of AWS, where some of what would be wrong is as it should be."""
        return urlsplit(self.api).scheme == "http"

    @property
    def wechat_url(self) -> str:
        """Where the functions reach WeChat."""
        return self.parameter("WechatApiBaseUrl") or WECHAT_API

    @property
    def put_secret(self) -> str:
        """What fills the secrets."""
        return f"fill them with `make secret STACK={self.stack.name}`"
