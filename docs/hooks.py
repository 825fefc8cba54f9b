"""Takes the site's pages that live elsewhere from there, links included."""

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File
from nbconvert import MarkdownExporter

HERE = Path(__file__).parent
SOURCES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "few_texts.md": "benchmarks/own_texts.md",
}
NOTEBOOKS = sorted((HERE.parent / "notebooks").glob("*.ipynb"))
SOURCES |= {
    f"notebooks/{path.stem}.md": f"notebooks/{path.name}" for path in NOTEBOOKS
}
PAGES = {source: page for page, source in SOURCES.items()}


def on_files(files, config):
    """Adds the notebooks as pages, with the outputs that are committed.

    Args:
        files: `mkdocs.structure.files.Files`.
        config: The site's configuration.

    Returns:
        `files`.
    """
    for path in NOTEBOOKS:
        # Else the figures of all notebooks would have the same names.
        text, resources = MarkdownExporter().from_filename(
            path, resources={"unique_key": path.stem}
        )
        made = {f"{path.stem}.md": text, **resources["outputs"]}
        for name, content in made.items():
            files.append(
                File.generated(config, f"notebooks/{name}", content=content)
            )
    return files


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
    source = SOURCES.get(path, f"docs/{path}")
    if path in SOURCES and not source.endswith(".ipynb"):
        markdown = (HERE.parent / source).read_text(encoding="utf-8")

    def linked(page_or_file):
        return f"]({posixpath.relpath(page_or_file, posixpath.dirname(path))})"

    def moved(match):
        target = match[1]
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        target = posixpath.join(posixpath.dirname(source), target)
        target = posixpath.normpath(target)
        name, hash_, anchor = target.partition("#")
        if name in PAGES:
            return linked(PAGES[name] + hash_ + anchor)
        inside = target.removeprefix("docs/")
        if files.get_file_from_path(inside.partition("#")[0]):
            return linked(inside)
        if (HERE.parent / name).exists():
            return f"]({config['repo_url']}/blob/main/{target})"
        return match[0]  # for MkDocs to complain of

    return re.sub(r"\]\(([^)\s]+)\)", moved, markdown)
