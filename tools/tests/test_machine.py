"""The virtual environments, the ports, and the stacks that run."""

import contextlib
import json
import os
import re
import socket
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path
from unittest import mock

from backend.__main__ import OLDEST_PYTHON
from backend.common import environment, running
from backend.common.console import CommandError
from backend.common.constants import HOST
from backend.common.paths import ROOT, TOOLS
from backend.local import ports, reload


class Environments(unittest.TestCase):
    def test_a_moved_clone_and_changed_requirements_need_a_new_environment(self) -> None:
        stamps = {
            environment.stamp(TOOLS / requirements, Path(directory))
            for requirements in ("requirements.txt", "requirements-sam.txt")
            for directory in ("/here/.venv", "/there/.venv")
        }
        self.assertEqual(len(stamps), 4)

    def test_the_oldest_python_is_the_same_everywhere(self) -> None:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        tools = tomllib.loads((TOOLS / "pyproject.toml").read_text())["tool"]
        self.assertEqual(tools["mypy"]["python_version"], oldest)
        self.assertEqual(tools["ruff"]["target-version"], f"py{oldest.replace('.', '')}")
        for readme in ("README.md", "README.zh.md"):
            said = re.findall(r"Python (3\.\d+)", (ROOT / readme).read_text())
            self.assertEqual(set(said) - {oldest}, set(), readme)
        self.assertGreaterEqual(sys.version_info[:2], OLDEST_PYTHON)


class Ports(unittest.TestCase):
    def chosen(self, port: int) -> ports.Ports:
        with mock.patch.dict(os.environ, {"PORT": str(port)}):
            return ports.preferred()

    def test_the_others_make_way_for_the_api(self) -> None:
        for port in (ports.EMULATOR_PORT, ports.WECHAT_PORT):
            with contextlib.suppress(CommandError):  # somebody may listen there
                chosen = self.chosen(port)
                self.assertEqual(chosen.api, port)
                self.assertEqual(len({chosen.api, chosen.emulator, chosen.wechat}), 3)

    def test_a_taken_port_is_refused_for_the_api_only(self) -> None:
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            with self.assertRaisesRegex(CommandError, "is taken"):
                self.chosen(port)
            with mock.patch.object(ports, "WECHAT_PORT", port):
                self.assertNotEqual(self.chosen(ports.any_free().api).wechat, port)

    def test_what_is_no_port_is_refused(self) -> None:
        for text in ("x", "0", "65536", "-1"):
            with mock.patch.dict(os.environ, {"PORT": text}), self.assertRaises(CommandError):
                ports.preferred()


class RunningStacks(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for patch in (mock.patch.object(running, "RUNNING", self.folder), mock.patch.dict(os.environ, {"PORT": ""})):
            patch.start()
            self.addCleanup(patch.stop)

    def start(self, pid: int, port: int) -> None:
        (self.folder / str(pid)).mkdir()
        stack = {"api_url": f"http://127.0.0.1:{port}", "emulator_url": "http://e", "environments": {}}
        (self.folder / str(pid) / "dev.json").write_text(json.dumps(stack))

    def test_the_only_stack_is_found_whatever_its_port(self) -> None:
        self.start(os.getpid(), 9180)
        self.assertEqual(running.find().api_url, "http://127.0.0.1:9180")

    def test_of_several_the_one_on_the_port_is_found(self) -> None:
        self.start(os.getpid(), 9180)
        self.start(os.getppid(), 9000)
        with self.assertRaisesRegex(CommandError, "ports 9000 and 9180"):
            running.find()
        with mock.patch.dict(os.environ, {"PORT": "9000"}):
            self.assertEqual(running.find().port, "9000")
        with mock.patch.dict(os.environ, {"PORT": "1"}), self.assertRaisesRegex(CommandError, "on port 1"):
            running.find()

    def test_what_a_killed_stack_left_behind_is_no_stack(self) -> None:
        self.start(2**22 + 1, 9000)
        with self.assertRaisesRegex(CommandError, "make dev"):
            running.find()


class Reload(unittest.TestCase):
    def test_only_a_binary_with_another_content_is_swapped_in(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            binary, swapped = Path(folder) / "users", []
            deployed = reload.Deployed.now(self.write(binary, b"1", seconds=100))
            for content, seconds in ((b"1", 100), (b"1", 90), (b"2", 80), (b"3", 0)):
                reload.look(deployed, self.write(binary, content, seconds), lambda: swapped.append(binary.read_bytes()))
        # The last one was written this moment and may not be complete.
        self.assertEqual(swapped, [b"2"])

    def write(self, binary: Path, content: bytes, seconds: int) -> Path:
        binary.write_bytes(content)
        written_at = binary.stat().st_mtime - seconds
        os.utime(binary, (written_at, written_at))
        return binary
