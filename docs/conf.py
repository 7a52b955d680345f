"""Sphinx configuration; `make docs` builds with warnings as errors."""

from logcapy import __version__

project = "LogCapy"
author = "The LogCapy authors"
project_copyright = "2026, The LogCapy authors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_static_path = ["_static"]
html_title = "LogCapy"

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
napoleon_google_docstring = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
