"""What Sphinx makes of the pages that build.py lays out."""

import sys
from pathlib import Path

import casemgmt

sys.path.insert(0, str(Path(__file__).parent))

project = "casemgmt"
author = "The casemgmt authors"
copyright = "the casemgmt authors, MIT licence"
release = version = casemgmt.__version__
language = "en"

# docstrings comes first: napoleon reads what it leaves.
extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "sphinx.ext.napoleon", "side_bar"]
exclude_patterns = ["files", "static"]
myst_enable_extensions = ["colon_fence", "attrs_block", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
smartquotes = False  # what a page quotes stands as it is typed
suppress_warnings = ["misc.highlighting_failure"]  # a traceback or a TOML fragment is shown as it stands

autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": False}
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 60
add_module_names = False

html_theme = "furo"
html_title = "casemgmt"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None  # the same pages make the same site on any day
templates_path: list[str] = []
