"""The rules of `doctor` that need no AWS."""

import contextlib
import io
import unittest

from backend.deploy.doctor.stack import notable, status, wrong
from backend.deploy.doctor.watching import monitoring
from backend.deploy.findings import Findings, Level

GOOD = {
    "AdminOpenids": "o1",
    "LoginRateLimit": "60",
    "ApiDefaultEndpoint": "true",
    "ApiDomainName": "",
    "CorsOrigins": "https://example.com",
    "LogLevel": "INFO",
    "GradualDeployment": "true",
    "AlarmEmail": "a@example.com",
    "AwsEndpointUrl": "",
    "TlsOnly": "true",
}


class Rules(unittest.TestCase):
    def test_a_status_says_whether_it_may_stay(self) -> None:
        levels = {
            "CREATE_COMPLETE": Level.OK,
            "UPDATE_COMPLETE": Level.OK,
            "UPDATE_IN_PROGRESS": Level.NOTE,
            "UPDATE_ROLLBACK_COMPLETE": Level.NOTE,
            "ROLLBACK_COMPLETE": Level.PROBLEM,
            "UPDATE_ROLLBACK_FAILED": Level.PROBLEM,
            "DELETE_COMPLETE": Level.PROBLEM,
        }
        self.assertEqual({name: status("s", name)[0] for name in levels}, levels)

    def test_good_parameters_are_not_mentioned(self) -> None:
        self.assertEqual([*notable(GOOD), *wrong(GOOD), *notable({})], [])

    def test_each_parameter_with_a_price_is_mentioned(self) -> None:
        prices = {
            "AdminOpenids": "",
            "LoginRateLimit": "0",
            "CorsOrigins": "*",
            "LogLevel": "DEBUG",
            "GradualDeployment": "false",
            "AlarmEmail": "",
        }
        for name, value in prices.items():
            self.assertEqual([found for found, _ in notable({**GOOD, name: value})], [name])
        named = {**GOOD, "ApiDomainName": "api.example.com"}
        self.assertEqual([found for found, _ in notable(named)], ["ApiDefaultEndpoint"])

    def test_what_only_an_emulator_needs_is_wrong(self) -> None:
        emulated = {**GOOD, "AwsEndpointUrl": "http://x", "TlsOnly": "false"}
        self.assertEqual([name for name, _ in wrong(emulated)], ["AwsEndpointUrl", "TlsOnly"])

    def test_monitoring_names_what_has_no_alarm(self) -> None:
        self.assertEqual(monitoring("full", ["A", "B"], ["A", "B", "C"])[0], Level.OK)
        level, text = monitoring("basic", ["A", "B"], ["A"])
        self.assertEqual(level, Level.NOTE)
        self.assertIn("Without an alarm: B", text)

    def test_only_problems_count(self) -> None:
        findings = Findings()
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            findings.ok("a", "fine")
            findings.note("b", "perhaps")
            findings.problem("c", "wrong\n  and long")
        self.assertEqual(findings.problems, 1)
        self.assertIn("PROBLEM  c                 wrong and long\n", printed.getvalue())
