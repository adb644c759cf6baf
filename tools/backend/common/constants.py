"""Names that more than one command knows."""

HOST = "127.0.0.1"
# The stack on this machine, and the alias that every function is called through.
LOCAL_STACK = "local"
ALIAS = "live"
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# The template's content of a secret that has not been filled in.
PLACEHOLDER = "replace-me"
WECHAT_API = "https://api.weixin.qq.com"
