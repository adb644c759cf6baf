"""Where a stack's API is reached."""

from backend.common import aws, running, stacks


def api_of(stack: str) -> str:
    """The API's address of a deployed stack; that of the stack of `make dev` without a name."""
    if not stack:
        return running.find().api_url
    with stacks.failures_reported("The stack cannot be looked up"):
        return stacks.describe(aws.deployed(), stack).output("ApiUrl")
