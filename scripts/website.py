"""What turns the pages of docs/ into a website that stands alone: a hook of MkDocs, and an extension of its reader of
docstrings. See mkdocs.yml.
"""

import os
import re
from pathlib import Path
from typing import Any

from griffe import Class, Extension, Function, Object
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\((?P<target>\.\./[^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files of the repository that pages link to, under code/."""
    for page in list(files.documentation_pages()):
        for match in LINK.finditer(page.content_string):
            outside = outside_docs(page.src_uri, match["target"])
            if outside and (ROOT / outside).is_file() and not files.get_file_from_path(f"code/{outside}.txt"):
                text = (ROOT / outside).read_text(encoding="utf-8")
                files.append(File.generated(config, f"code/{outside}.txt", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links that leave docs/ lead to those files."""

    def stay(match: re.Match[str]) -> str:
        outside = outside_docs(page.file.src_uri, match["target"])
        if outside is None:
            return match[0]
        return "](" + os.path.relpath(f"code/{outside}.txt", Path(page.file.src_uri).parent)

    return LINK.sub(stay, markdown)


def outside_docs(page: str, target: str) -> str | None:
    """The path from the root of the repository to what a page of docs/ links to; None if that lies in docs/."""
    path = os.path.normpath(Path("docs") / Path(page).parent / target)
    return None if path.startswith("docs") else path


# -- docstrings --------------------------------------------------------------------------------------------------------

NAMES = r"(?P<names>[a-zA-Z_]\w*(?:\([\w, ]*\))?(?:, [a-zA-Z_]\w*(?:\([\w, ]*\))?)*)"
ITEM = re.compile(rf"{NAMES}(?P<mark> : |: | {{2,}})(?P<text>\S.*)")


class PlainDocstrings(Extension):
    """Docstrings here are written to be read in the source; this makes Markdown lists of their lists of names."""

    def on_object(self, *, obj: Object, **kwargs: Any) -> None:
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value, names_of(obj))


def names_of(obj: Object) -> set[str]:
    """Parameters of a function; parameters and members of a class."""
    if isinstance(obj, Function):
        return {parameter.name for parameter in obj.parameters}
    return {parameter.name for parameter in obj.parameters} | set(obj.members) if isinstance(obj, Class) else set()


def as_markdown(text: str, known: set[str]) -> str:
    """`name : text`, `name(x)   text`, and `name: text` of a known name become items; underlined heads become bold."""
    lines: list[str] = []
    in_item = False
    for line in text.splitlines():
        item = ITEM.fullmatch(line)
        if item and item["mark"] == ": " and not set(re.findall(r"\w+", item["names"])) <= known:
            item = None
        if item:
            lines += [*([] if in_item or not lines else [""]), f"- `{item['names']}`: {item['text']}"]
            in_item = True
        elif in_item and line.startswith("  "):
            lines.append(f"    {line.strip()}")
        elif re.fullmatch("-{3,}", line) and lines:
            lines[-1] = f"**{lines[-1]}**"
        else:
            lines += ["", line] if in_item and line else [line]
            in_item = in_item and not line
    return "\n".join(lines)
