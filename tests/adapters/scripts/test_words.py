"""Texts that are not there: made up where a program reads words, and never where it reads numbers."""

import pytest

from tests.adapters.scripts.test_stand_ins import DIGITAL
from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.words import KINDS, folders_of_texts, text_of, texts_by_kind

NAMES = "for path in glob.glob('data/names/*.txt'):\n    pass\n"
CHARACTERS = "text = open('input.txt').read()\nchars = sorted(set(text))\n"


def test_each_kind_of_names_has_endings_of_its_own():
    texts = dict(texts_by_kind())
    endings = [{line[-3:] for line in text.split()} for text in texts.values()]
    assert len(texts) == len(KINDS)
    assert all(len(text.splitlines()) == 300 for text in texts.values())
    shared = [a & b for i, a in enumerate(endings) for b in endings[:i]]
    assert max(map(len, shared)) < min(map(len, endings))


def test_labelled_lines_have_four_kinds_in_the_form_that_the_name_promises():
    (lines, said), (table, _) = text_of("data/ag_news.train", ""), text_of("ag_news.csv", "")
    assert {line.split(" , ")[0] for line in lines.splitlines()} == {f"__label__{kind}" for kind in (1, 2, 3, 4)}
    assert {line.split(",")[0] for line in table.splitlines()} == {f'"{kind}"' for kind in (1, 2, 3, 4)}
    assert said == "given made-up texts of four kinds"
    assert text_of("ag_news.test", "") != (lines, said)


@pytest.mark.parametrize("program", ["np.loadtxt('data.txt')", "rows = [list(map(float, l.split())) for l in f]"])
def test_numbers_are_not_made_of_words(program):
    assert text_of("data.txt", program) is None
    assert text_of("input.txt", CHARACTERS) is not None


def test_a_missing_text_is_given_and_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    supply = Supply(CHARACTERS, Digits(), tmp_path / "data")
    with open(supply.file("input.txt"), encoding="utf-8") as file:
        assert len(file.read()) > 10_000
    (said,) = supply.given.sentences()
    assert said.startswith("it reads input.txt, which is not there: given made-up sentences")
    assert supply.file("training_log.txt") is None
    refusing = Supply(CHARACTERS, Digits(), tmp_path / "data", allowed=False)
    assert refusing.file("input.txt") is None
    assert refusing.wanted.sentences()[0].startswith("it reads input.txt, which is not there")


def test_a_listed_folder_is_filled_in_appearance_only(tmp_path, monkeypatch):
    (tmp_path / "script").mkdir()
    monkeypatch.chdir(tmp_path / "script")
    overlay = Overlay(tmp_path / "overlay")
    supply = Supply(NAMES, Digits(), tmp_path / "data", overlay.has)
    supply.fill_folders(overlay.put)
    assert overlay.listing("data/names") == sorted(f"{kind}.txt" for kind in KINDS)
    assert list((tmp_path / "script").iterdir()) == []
    assert folders_of_texts(DIGITAL) == []


def test_what_an_installed_package_looks_for_is_not_made_up(tmp_path):
    supply = Supply("import matplotlib\n" + CHARACTERS, Digits(), tmp_path / "data")
    assert supply.file(str(tmp_path / "site-packages" / "absl.dist-info" / "entry_points.txt")) is None
    assert supply.given.sentences() == ()
