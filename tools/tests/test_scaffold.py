"""Names of new functions, edits as text, and that a plan is made or undone whole."""

import shutil
import tempfile
import unittest
from pathlib import Path

from backend.common.console import CommandError
from backend.common.paths import ROOT
from backend.scaffold import edits, names, tree, tutorial
from backend.scaffold.edits import ListItem, MisplacedError, Number, Piece
from backend.scaffold.names import Name
from backend.scaffold.plan import Kind, Plan, plan

FILES = (
    "Cargo.lock", "bench/budget.toml", "openapi.yaml", "template.yaml", "tests/Cargo.toml", "tests/api/main.rs",
    "tests/support/own/mod.rs",
)  # fmt: skip


class Names(unittest.TestCase):
    def test_each_form_follows_from_the_name(self) -> None:
        name = Name("unit-cards")
        self.assertEqual((name.snake, name.pascal, name.item), ("unit_cards", "UnitCards", "UnitCard"))
        self.assertEqual(name.fill("sample_things::SampleThing of sample-things"), "unit_cards::UnitCard of unit-cards")

    def test_one_of_them_is_a_singular_where_that_is_plain(self) -> None:
        for several, one in (
            ("orders", "order"), ("stories", "story"), ("boxes", "box"), ("news", "news"), ("bus", "bus"),
            ("address", "address"), ("addresses", "address"), ("feedback", "feedback"), ("houses", "house"),
        ):  # fmt: skip
            self.assertEqual(names.singular(several), one)

    def test_malformed_names_are_told_in_a_sentence(self) -> None:
        for text, told in (
            ("", "missing"), ("Orders", "lower-case"), ("or ders", "lower-case"), ("-orders", "lower-case"),
            ("orders-", "lower-case"), ("2orders", "lower-case"), ("a_b", "lower-case"), ("../x", "lower-case"),
            ("订单", "lower-case"), ("x", "3 to 24"), ("o" * 25, "3 to 24"), ("orders\n", "lower-case"),
        ):  # fmt: skip
            with self.assertRaisesRegex(CommandError, told):
                names.parse(text)

    def test_names_that_something_has_are_refused(self) -> None:
        for text, told in (
            ("users", "such a function already"), ("match", "word of Rust's"), ("core", "there already"),
            ("test", "there already"), ("shared", "a crate is called so"), ("tokio", "a crate is called so"),
            ("uploads", "module that is called so"), ("profiles", "such a path"), ("alarm", "resources that begin"),
            ("api", "resources that begin"), ("responses", "the type Response"),
        ):  # fmt: skip
            with self.assertRaisesRegex(CommandError, told):
                names.check_free(names.parse(text), ROOT)

    def test_a_name_that_nothing_has_is_free(self) -> None:
        names.check_free(Name("unit-cards"), ROOT)


class Edits(unittest.TestCase):
    def test_a_piece_is_found_again_wherever_it_is(self) -> None:
        piece = Piece("f", "b\n", edits.before("c\n"))
        self.assertEqual(piece.insert("a\nc\n"), "a\nb\nc\n")
        self.assertEqual(piece.remove("new\nb\na\nc\n"), "new\na\nc\n")
        for text in ("a\nc\n", "b\nb\n"):
            with self.assertRaises(MisplacedError):
                piece.remove(text)
        with self.assertRaises(MisplacedError):
            piece.insert("a\n")

    def test_a_line_goes_where_its_order_wants_it(self) -> None:
        for line, expected in (
            ("mod b;\n", "mod a;\nmod b;\nmod c;\n\nmod x;\n"),
            ("mod z;\n", "mod a;\nmod c;\nmod z;\n\nmod x;\n"),
        ):
            piece = Piece("f", line, edits.sorted_after("#\n", line, "mod .*;"))
            self.assertEqual(piece.insert("#\nmod a;\nmod c;\n\nmod x;\n"), "#\n" + expected)

    def test_a_list_has_brackets_or_lines(self) -> None:
        item = ListItem("f", "Second", "Names", "!Ref X")
        for text in (
            "\n  First:\n    Names: [a]\n  Second:\n    Names: [a, b]\n    Other: [c]\n  Third:\n    Names: [a]\n",
            "\n  First:\n    Names: [a]\n  Second:\n    Names:\n      - a\n      - b\n    Other: x\nOutputs:\n",
        ):
            added = item.insert(text)
            self.assertIn("!Ref X", added.partition("Second")[2].partition("Other")[0])
            self.assertEqual(item.remove(added), text)

    def test_numbers_may_be_others_when_a_line_is_removed(self) -> None:
        number = Number("f", "orders2 = 9\n", "# why\n", edits.end)
        self.assertEqual(number.insert("a = 1\n"), "a = 1\n# why\norders2 = 9\n")
        for text in ("a = 1\n# why\norders2 = 123\n", "a = 1\norders2 = 4\n"):
            self.assertEqual(number.remove(text), "a = 1\n")
        with self.assertRaises(MisplacedError):
            number.remove("orders3 = 9\n")


class Trees(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for path in FILES:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.root / path)
        self.before = self.contents()

    def contents(self) -> dict[str, bytes]:
        files = (file for file in self.root.rglob("*") if file.is_file())
        return {str(file.relative_to(self.root)): file.read_bytes() for file in files}

    def make(self, name: str, kind: Kind) -> Plan:
        made = plan(Name(name), kind)
        tree.write(tree.addition(made, self.root), self.root)
        return made

    def remove(self, made: Plan) -> None:
        tree.write(tree.removal(made, self.root), self.root)

    def test_what_was_made_is_removed_to_the_last_byte_in_any_order(self) -> None:
        orders, notices = self.make("unit-parcels", Kind.HTTP), self.make("unit-notices", Kind.QUEUE)
        again = self.make("unit-feedback", Kind.HTTP)
        self.assertGreater(len(self.contents()), len(self.before) + 30)
        for made in (notices, orders, again):
            self.remove(made)
        self.assertEqual(self.contents(), self.before)

    def test_nothing_of_the_sample_is_left_in_what_is_made(self) -> None:
        for kind in Kind:
            made = plan(Name("unit-cards"), kind)
            for path, text in made.files.items():
                self.assertNotRegex(path + text, r"(?i)sample.?thing")

    def test_edits_beside_its_text_stay(self) -> None:
        made = self.make("unit-parcels", Kind.HTTP)
        file = self.root / "template.yaml"
        file.write_text("# mine\n" + file.read_text())
        self.remove(made)
        self.assertEqual(self.contents(), {**self.before, "template.yaml": b"# mine\n" + self.before["template.yaml"]})

    def test_a_function_that_was_changed_is_left_alone_and_the_files_are_named(self) -> None:
        made = self.make("unit-parcels", Kind.HTTP)
        changes = (
            ("functions/unit-parcels/src/item.rs", "title", "label"),
            ("openapi.yaml", "createUnitParcel", "makeUnitParcel"),
            ("template.yaml", "slow-create-unit-parcels", "slow-unit-parcels"),
            ("tests/api/main.rs", "mod unit_parcels;\n", ""),
            ("bench/budget.toml", "\nunit-parcels = ", "\nolder-parcels = "),
        )
        for path, old, new in changes:
            file = self.root / path
            whole = file.read_text()
            self.assertIn(old, whole)
            file.write_text(whole.replace(old, new))
            with self.assertRaisesRegex(CommandError, f"differ:\n  {path}$"):
                self.remove(made)
            file.write_text(whole)
        extra = self.root / "functions/unit-parcels/src/more.rs"
        extra.write_text("")
        with self.assertRaisesRegex(CommandError, "differ:\n  functions/unit-parcels/src/more.rs$"):
            self.remove(made)

    def test_what_fails_leaves_the_tree_as_it_was(self) -> None:
        change = tree.addition(plan(Name("unit-parcels"), Kind.HTTP), self.root)
        with self.assertRaises(KeyboardInterrupt), tree.restored_on_failure(change, self.root):
            tree.write(change, self.root)
            raise KeyboardInterrupt
        self.assertEqual(self.contents(), self.before)

    def test_a_tree_without_an_anchor_is_refused_before_anything_is_written(self) -> None:
        file = self.root / "openapi.yaml"
        file.write_text(file.read_text().replace("\ncomponents:\n", "\nparts:\n"))
        before = self.contents()
        with self.assertRaisesRegex(CommandError, "components"):
            self.make("unit-parcels", Kind.HTTP)
        self.assertEqual(self.contents(), before)


class Tutorial(unittest.TestCase):
    def test_the_commands_are_those_of_the_document(self) -> None:
        script = tutorial.script(ROOT / "docs/extending.md", 9123, "checks\n")
        self.assertNotIn(tutorial.DEFAULT_API, script)
        places = [
            script.index(piece) for piece in ("make new-function", "make dev &", "checks\n", "make remove-function")
        ]
        self.assertEqual(places, sorted(places))
