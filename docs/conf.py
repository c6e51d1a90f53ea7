"""How Sphinx builds these pages."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from empowerment.core.version import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "empowerment"
author = "The empowerment developers"
copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "myst_nb",
    "notebook_downloads",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",  # the code of everything public, on pages that need no network
    "sphinx_codeautolink",  # code leads to the reference
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinxcontrib.bibtex",
    "used_in",  # and the reference to the code
]
exclude_patterns = [
    "_build",
    "jupyter_execute",
    "**.ipynb_checkpoints",
    "explanation/*-table.md",
    "gallery/*.ipynb",
    "pictures",
    "sg_execution_times.rst",
]
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

# Each picture of the gallery is drawn by a short script of its own, run at every build as the pages are.
sphinx_gallery_conf = {
    "examples_dirs": "pictures",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "abort_on_example_error": True,
    "backreferences_dir": "gallery/backreferences",
    "capture_repr": (),
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "thumbnail_size": (400, 300),
}

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
toc_object_entries_show_parents = "hide"  # `plot` beside the page of a result, not `EmpowermentResult.plot`
autodoc_typehints = "none"  # the docstrings say the types
numpydoc_show_class_members = False  # the template of a class lists them

codeautolink_concat_default = True  # the cells of a page share their names
suppress_warnings = ["codeautolink.match_name"]  # the gallery links its code itself

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

# MathJax comes with the pages, in one file that loads no fonts: formulas are set without a network, too.
html_static_path = [
    "_static",
    str(Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax" / "tex-svg.js"),
]
mathjax_path = "tex-svg.js"

html_theme = "pydata_sphinx_theme"
html_title = f"empowerment {version}"
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"**": ["sidebar"]}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc", "notebook-download"],
    "show_nav_level": 1,
    "show_toc_level": 2,
}
