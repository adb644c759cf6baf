"""How template.yaml is changed for the emulator."""

import copy
import unittest

from backend.common import functions
from backend.common.paths import TEMPLATE
from backend.local.deployment import packaged
from tests.test_functions import TEMPLATE as SMALL


class Packaged(unittest.TestCase):
    small = {
        **SMALL,
        "Globals": {"Function": {"CodeUri": "."}},
        "Parameters": {"LogLevel": {"Default": "INFO"}},
        "Outputs": {"Url": {"Value": "x"}, "DashboardName": {"Value": {"Ref": "Dashboard"}}},
    }

    def test_code_comes_from_the_uploaded_archives(self) -> None:
        template = packaged(copy.deepcopy(self.small), {"LogLevel": "DEBUG"})
        properties = template["Resources"]["OrdersFunction"]["Properties"]
        self.assertEqual(properties["CodeUri"], "s3://local-artifacts/orders.zip")
        self.assertNotIn("CodeUri", template["Globals"]["Function"])
        self.assertEqual(template["Parameters"]["LogLevel"]["Default"], "DEBUG")

    def test_what_only_watches_is_left_out(self) -> None:
        template = packaged(copy.deepcopy(self.small), {})
        self.assertEqual(set(template["Resources"]), {"OrdersFunction", "OpenFunction", "Table"})
        self.assertEqual(set(template["Outputs"]), {"Url"})

    def test_the_real_template_can_be_packaged(self) -> None:
        template = packaged(functions.read_yaml(TEMPLATE), {"WechatAppId": "wx"})
        self.assertEqual({f.name for f in functions.declared()}, set(functions.names()))
        kinds = {resource["Type"] for resource in functions.resources(template).values()}
        self.assertNotIn("AWS::CloudWatch::Alarm", kinds)
