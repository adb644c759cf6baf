"""What is derived from template.yaml, openapi.yaml and the folders."""

import unittest
from typing import Any

from backend.common import functions
from backend.common.functions import Route
from backend.common.paths import EVENTS
from backend.local import invoke
from backend.local.build import executables


def function(name: str, variables: dict[str, str], *routes: tuple[str, str]) -> dict[str, Any]:
    events = {
        f"Event{index}": {"Type": "HttpApi", "Properties": {"Method": method, "Path": path}}
        for index, (method, path) in enumerate(routes)
    }
    return {
        "Type": "AWS::Serverless::Function",
        "Metadata": {"BuildProperties": {"Binary": name}},
        "Properties": {"Environment": {"Variables": variables}, "Events": events},
    }


TEMPLATE = {
    "Globals": {"Function": {"Environment": {"Variables": {"TABLE_NAME": "t"}}}},
    "Resources": {
        "OrdersFunction": function("orders", {"JWT_JWKS": "k"}, ("POST", "/v1/orders"), ("GET", "/v1/orders")),
        "OpenFunction": function("open", {}, ("get", "/v1/ping")),
        "Fn::ForEach::Alarms": ["Name", ["A"], {"Alarm${Name}": {"Type": "AWS::CloudWatch::Alarm"}}],
        "Table": {"Type": "AWS::DynamoDB::Table"},
    },
}
API: dict[str, Any] = {
    "security": [{"token": []}],
    "paths": {"/v1/orders": {"post": {}, "get": {}}, "/v1/ping": {"get": {"security": []}}},
}


class Derived(unittest.TestCase):
    def test_functions_are_read_from_the_template(self) -> None:
        orders, opened = functions.parse(TEMPLATE)
        self.assertEqual((orders.name, orders.logical_id), ("orders", "OrdersFunction"))
        self.assertEqual(orders.routes, (Route("POST", "/v1/orders"), Route("GET", "/v1/orders")))
        self.assertEqual(orders.variables, {"JWT_JWKS", "TABLE_NAME"})
        self.assertEqual([orders.checks_tokens, opened.checks_tokens], [True, False])

    def test_one_guarded_read_of_each_function_is_tried(self) -> None:
        reads = functions.one_guarded_read_each(functions.parse(TEMPLATE), API)
        self.assertEqual([(f.name, route.path) for f, route in reads], [("orders", "/v1/orders")])

    def test_the_tree_declares_its_folders(self) -> None:
        declared = {f.name: f for f in functions.declared()}
        self.assertEqual(sorted(declared), functions.names())
        self.assertTrue(any(f.checks_tokens for f in declared.values()))

    def test_every_function_that_guards_a_read_is_tried(self) -> None:
        reads = functions.guarded_reads()
        self.assertGreaterEqual(len(reads), 2)
        self.assertTrue(all(f.checks_tokens and route.is_plain for f, route in reads))

    def test_every_function_has_a_sample_event(self) -> None:
        samples = invoke.sample_events()
        for f in functions.declared():
            self.assertTrue(invoke.sample_event(f, samples).exists(), f.name)

    def test_a_file_of_the_functions_name_comes_before_one_of_its_routes(self) -> None:
        orders = functions.parse(TEMPLATE)[0]
        samples = {"orders-list.json": "GET /v1/orders", "orders-create.json": "POST /v1/orders"}
        self.assertEqual(invoke.sample_event(orders, samples), EVENTS / "orders-create.json")
        self.assertEqual(invoke.sample_event(orders, samples | {"orders.json": ""}), EVENTS / "orders.json")

    def test_binaries_are_where_cargo_says(self) -> None:
        messages = (
            '{"reason":"compiler-artifact","target":{"name":"users"},"executable":"/t/users"}\nwarning: x\n'
            '{"reason":"compiler-artifact","target":{"name":"shared"},"executable":null}\n'
        )
        self.assertEqual([str(file) for file in executables(messages).values()], ["/t/users"])
