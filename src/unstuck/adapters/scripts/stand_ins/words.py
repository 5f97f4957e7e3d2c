"""Text for programs that read some which is not there: made-up words, in kinds that can be told apart."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

LISTED = re.compile(r"""['"]([^'"*\n]+)/\*\.txt['"]""")  # a folder whose texts are globbed: a file for each kind
LABELLED = re.compile(r"ag_?news|fasttext|__label__", re.IGNORECASE)
NUMBERS = re.compile(r"loadtxt|genfromtxt|read_csv|read_table|fromstring|fromfile|map\(float|float\(\w+\) for")
KINDS = ("Auber", "Brevan", "Corto", "Dunik", "Elmar", "Fosca")
NAMES, LINES, SENTENCES = 300, 4000, 1500
CONSONANTS, VOWELS = "bcdfghklmnprstvz", "aeiou"


def folders_of_texts(program: str) -> list[str]:
    """The folders whose *.txt files a program with this text lists."""
    return list(dict.fromkeys(LISTED.findall(program)))


def texts_by_kind() -> Iterator[tuple[str, str]]:
    """File names and texts, a made-up name a line: each kind has beginnings and endings of its own."""
    for number, kind in enumerate(KINDS):
        draw = random.Random(number)
        beginnings, endings = _syllables(draw, 20), [syllable + draw.choice("nrsx") for syllable in _syllables(draw, 8)]
        names = [
            "".join(draw.choices(beginnings, k=draw.choice((1, 1, 2)))) + draw.choice(endings) for _ in range(NAMES)
        ]
        yield f"{kind}.txt", "\n".join(sorted(name.capitalize() for name in names)) + "\n"


def text_of(path: str, program: str) -> tuple[str, str] | None:
    """What a missing file of text holds, and what to call it in the report; None for a file that is none of text."""
    name = re.split(r"[\\/]", path)[-1].lower()
    if LABELLED.search(name) or (LABELLED.search(program) and name.endswith((".txt", ".train", ".test"))):
        quoted = name.endswith(".csv")
        return _labelled_lines(seed=int("test" in name), quoted=quoted), "given made-up texts of four kinds"
    if name.endswith(".txt") and not NUMBERS.search(program):
        return _sentences(), "given made-up sentences"
    return None


def _labelled_lines(seed: int, quoted: bool) -> str:
    """Lines of a label from 1 to 4 and a text in which each kind prefers words of its own, as fastText writes them."""
    words = _words(900)
    common, own = words[:500], [words[500 + 100 * kind : 600 + 100 * kind] for kind in range(4)]
    draw, lines = random.Random(seed), []
    for _ in range(LINES // 4 if seed else LINES):
        kind = draw.randrange(4)
        text = [draw.choice(own[kind] if draw.random() < 0.4 else common) for _ in range(draw.randint(15, 35))]
        start, rest = " ".join(text[:6]), " ".join(text[6:])
        lines.append(f'"{kind + 1}","{start}","{rest}"' if quoted else f"__label__{kind + 1} , {start} {rest}")
    return "\n".join(lines) + "\n"


def _sentences() -> str:
    """Sentences in which some words follow others more often than not."""
    words, draw = _words(200), random.Random(3)
    followers = {word: draw.sample(words, 4) for word in words}
    lines = []
    for _ in range(SENTENCES):
        sentence = [draw.choice(words)]
        while len(sentence) < 9:
            sentence.append(draw.choice(followers[sentence[-1]]))
        lines.append(" ".join(sentence).capitalize() + ".")
    return "\n".join(lines) + "\n"


def _words(count: int) -> list[str]:
    draw, found = random.Random(2), dict[str, None]()
    while len(found) < count:
        found["".join(_syllables(draw, draw.choice((2, 2, 3))))] = None
    return list(found)


def _syllables(draw: random.Random, count: int) -> list[str]:
    return [draw.choice(CONSONANTS) + draw.choice(VOWELS) for _ in range(count)]
