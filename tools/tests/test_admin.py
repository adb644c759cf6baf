"""Who becomes an administrator, and how samconfig.toml keeps it."""

import unittest

from backend.common.console import CommandError
from backend.deploy import samconfig
from backend.deploy.admin import changed, listed

WRITTEN = """version = 0.1
[default.deploy.parameters]
stack_name = "wechat-backend"
region = "eu-west-1"
parameter_overrides = "WechatAppId=\\"wx1\\" LogLevel=\\"INFO\\" AdminOpenids=\\"\\" JwtJwks=\\"{\\\\\\"k\\\\\\":[]}\\""
"""


class Administrators(unittest.TestCase):
    def test_a_list_is_changed_by_one(self) -> None:
        self.assertEqual(listed(" o1, o2,"), ["o1", "o2"])
        self.assertEqual(changed(["o1"], "o2", remove=False), ["o1", "o2"])
        self.assertEqual(changed(["o1", "o2"], "o2", remove=False), ["o1", "o2"])
        self.assertEqual(changed(["o1", "o2"], "o1", remove=True), ["o2"])
        for openid in ("", "a b", 'a"b', "a,b", "x" * 65):
            with self.assertRaises(CommandError):
                changed([], openid, remove=False)

    def test_the_parameter_is_changed_where_sam_keeps_it(self) -> None:
        edited = samconfig.with_parameter(WRITTEN, "AdminOpenids", "o1,o2")
        self.assertEqual(samconfig.parameter(edited, "AdminOpenids"), "o1,o2")
        self.assertEqual(samconfig.with_parameter(edited, "AdminOpenids", ""), WRITTEN)
        self.assertEqual(samconfig.stack_name(edited), "wechat-backend")

    def test_a_parameter_that_is_not_there_yet_is_added(self) -> None:
        without = WRITTEN.replace(' AdminOpenids=\\"\\"', "")
        edited = samconfig.with_parameter(without, "AdminOpenids", "o1")
        self.assertEqual(samconfig.parameter(edited, "AdminOpenids"), "o1")
        self.assertEqual(samconfig.parameter(edited, "LogLevel"), "INFO")

    def test_a_name_within_another_name_is_not_it(self) -> None:
        other = WRITTEN.replace("AdminOpenids", "OldAdminOpenids")
        edited = samconfig.with_parameter(other, "AdminOpenids", "o1")
        self.assertIn('OldAdminOpenids=\\"\\"', edited)

    def test_what_sam_did_not_write_is_left_to_the_person(self) -> None:
        for text in ("", "[default", WRITTEN.replace("parameter_overrides", "other")):
            with self.assertRaises(CommandError):
                samconfig.with_parameter(text, "AdminOpenids", "o1")
