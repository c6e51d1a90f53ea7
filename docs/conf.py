"""How Sphinx builds these pages."""

import os

from empowerment.core.version import __version__

project = "empowerment"
author = "The empowerment developers"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinxcontrib.bibtex",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints", "explanation/solvers-table.md"]
templates_path = ["_templates"]

# Every page with code is run at every build, and a cell that fails fails the build.
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
os.environ["EMPOWERMENT_QUIET"] = "1"  # the pages are the same on a machine where kernels have to be compiled
nb_execution_show_tb = True
nb_merge_streams = True  # what a cell prints is one block, however long it takes between lines
# Without this a MPLBACKEND=Agg of the calling shell would leave the pages without pictures.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say the types
numpydoc_show_class_members = False  # the template of a class lists them

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

html_theme = "pydata_sphinx_theme"
html_title = f"empowerment {version}"
html_theme_options = {"show_toc_level": 2, "navigation_with_keys": False, "secondary_sidebar_items": ["page-toc"]}
html_sidebars = {"index": [], "glossary": [], "changelog": []}
