"""Takes the site's pages that live elsewhere from there, links included."""

import posixpath
import re
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
}
PAGES = {source: page for page, source in SOURCES.items()}


def on_page_markdown(markdown, page, config, files):
    """Fills in a page of `SOURCES`, and sends links out of docs/ to the code.

    Args:
        markdown: String, the page's text.
        page: `mkdocs.structure.pages.Page`.
        config: The site's configuration, for `repo_url`.
        files: `mkdocs.structure.files.Files`.

    Returns:
        String.
    """
    path = page.file.src_uri
    folder = posixpath.dirname(f"docs/{path}")
    if path in SOURCES:
        folder = ""
        markdown = (HERE.parent / SOURCES[path]).read_text(encoding="utf-8")

    def moved(match):
        target = match[1]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        target = posixpath.normpath(posixpath.join(folder, target))
        if target in PAGES:
            return f"]({PAGES[target]})"
        inside, name = target.removeprefix("docs/"), target.partition("#")[0]
        if files.get_file_from_path(inside.partition("#")[0]):
            return f"]({inside})"
        if (HERE.parent / name).exists():
            return f"]({config['repo_url']}/blob/main/{target})"
        return match[0]  # for MkDocs to complain of

    return re.sub(r"\]\(([^)\s]+)\)", moved, markdown)
