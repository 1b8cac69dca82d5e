"""Long-term-conditions case management: score a practice register, rank it, select by rules kept as files.

Every public name is imported when it is first used, so that ``import casemgmt`` is light.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from casemgmt.version import __version__

_WHERE = {
    "read_register": "casemgmt.register.reading",
    "draft_config": "casemgmt.results.drafting",
    "Draft": "casemgmt.register.drafting",
    "fields": "casemgmt.register.field_table",
    "scan_register": "casemgmt.scanned.opening",
    "ScannedRegister": "casemgmt.scanned.scanning",
    "Register": "casemgmt.register.register",
    "load_model": "casemgmt.risk.files",
    "Model": "casemgmt.risk.model",
    "fit_model": "casemgmt.risk.fitting.fit",
    "tabulate": "casemgmt.risk.fitting.tabulate",
    "list_models": "casemgmt.risk.files",
    "load_scheme": "casemgmt.scheme.files",
    "Scheme": "casemgmt.scheme.routes",
    "list_schemes": "casemgmt.scheme.files",
    "compare": "casemgmt.results.comparison",
    "Comparison": "casemgmt.results.comparison",
    "outcomes": "casemgmt.aims.measuring",
    "Outcomes": "casemgmt.aims.result",
    "drift": "casemgmt.evaluation.drift",
    "Drift": "casemgmt.evaluation.drift",
    "effect_at_cut": "casemgmt.evaluation.effect",
    "EffectAtCut": "casemgmt.evaluation.effect_result",
    "open_caseload": "casemgmt.caseload.opening",
    "import_caseload": "casemgmt.caseload.exchange.importing",
    "Caseload": "casemgmt.caseload.caseload",
    "State": "casemgmt.caseload.state.state",
    "plan": "casemgmt.evaluation.planning",
    "Plan": "casemgmt.evaluation.plan_result",
    "Tariff": "casemgmt.evaluation.tariff",
    "CodeList": "casemgmt.codes.codelist",
    "avoidable_admissions": "casemgmt.codes.avoidable",
    "AvoidableAdmissions": "casemgmt.codes.avoidable",
    "build_register": "casemgmt.codes.building",
    "BuiltRegister": "casemgmt.codes.building",
    "count_admissions": "casemgmt.codes.admissions",
    "Admissions": "casemgmt.codes.admissions",
    "derive_conditions": "casemgmt.codes.deriving",
    "Derived": "casemgmt.codes.derived",
    "Events": "casemgmt.codes.events",
    "Window": "casemgmt.codes.windows",
    "Rule": "casemgmt.codes.rules",
    "Seen": "casemgmt.codes.rules",
    "load_codelist": "casemgmt.codes.listfiles",
    "list_codelists": "casemgmt.codes.listfiles",
    "select": "casemgmt.results.selecting",
    "Selection": "casemgmt.results.selection",
    "load_selection": "casemgmt.results.published",
    "PublishedSelection": "casemgmt.results.published",
    "show": "casemgmt.notebook",
    "read_returns": "casemgmt.returns.returns",
    "Returns": "casemgmt.returns.returns",
    "commissioner_report": "casemgmt.results.reporting",
    "CommissionerReport": "casemgmt.results.reporting",
    "evaluate": "casemgmt.evaluation.evaluate",
    "Evaluation": "casemgmt.evaluation.result",
    "validate": "casemgmt.evaluation.validation",
    "stability": "casemgmt.evaluation.stability",
    "Stability": "casemgmt.evaluation.stability",
    "synthesise": "casemgmt.synthetic.synthesise",
    "Planted": "casemgmt.synthetic.planted",
    "warm": "casemgmt.results.warming",
    "Warmed": "casemgmt.results.warming",
    "pseudonymise": "casemgmt.pseudonyms.pseudonymising",
    "pseudonym_lookup": "casemgmt.pseudonyms.lookup",
    "reidentify": "casemgmt.pseudonyms.lookup",
    **dict.fromkeys(
        (
            *("CasemgmtError", "InputError", "SchemeError", "ModelError"),
            *("CodeError", "CapExceededError", "PublishError", "VerifyError", "InputWarning"),
        ),
        "casemgmt.errors",
    ),
}

if TYPE_CHECKING:
    from casemgmt.aims.measuring import outcomes
    from casemgmt.aims.result import Outcomes
    from casemgmt.caseload.caseload import Caseload
    from casemgmt.caseload.exchange.importing import import_caseload
    from casemgmt.caseload.opening import open_caseload
    from casemgmt.caseload.state.state import State
    from casemgmt.codes.admissions import Admissions, count_admissions
    from casemgmt.codes.avoidable import AvoidableAdmissions, avoidable_admissions
    from casemgmt.codes.building import BuiltRegister, build_register
    from casemgmt.codes.codelist import CodeList
    from casemgmt.codes.derived import Derived
    from casemgmt.codes.deriving import derive_conditions
    from casemgmt.codes.events import Events
    from casemgmt.codes.listfiles import list_codelists, load_codelist
    from casemgmt.codes.rules import Rule, Seen
    from casemgmt.codes.windows import Window
    from casemgmt.errors import (
        CapExceededError,
        CasemgmtError,
        CodeError,
        InputError,
        InputWarning,
        ModelError,
        PublishError,
        SchemeError,
        VerifyError,
    )
    from casemgmt.evaluation.drift import Drift, drift
    from casemgmt.evaluation.effect import effect_at_cut
    from casemgmt.evaluation.effect_result import EffectAtCut
    from casemgmt.evaluation.evaluate import evaluate
    from casemgmt.evaluation.plan_result import Plan
    from casemgmt.evaluation.planning import plan
    from casemgmt.evaluation.result import Evaluation
    from casemgmt.evaluation.stability import Stability, stability
    from casemgmt.evaluation.tariff import Tariff
    from casemgmt.evaluation.validation import validate
    from casemgmt.notebook import show
    from casemgmt.pseudonyms.lookup import pseudonym_lookup, reidentify
    from casemgmt.pseudonyms.pseudonymising import pseudonymise
    from casemgmt.register.drafting import Draft
    from casemgmt.register.field_table import fields
    from casemgmt.register.reading import read_register
    from casemgmt.register.register import Register
    from casemgmt.results.comparison import Comparison, compare
    from casemgmt.results.drafting import draft_config
    from casemgmt.results.published import PublishedSelection, load_selection
    from casemgmt.results.reporting import CommissionerReport, commissioner_report
    from casemgmt.results.selecting import select
    from casemgmt.results.selection import Selection
    from casemgmt.results.warming import Warmed, warm
    from casemgmt.returns.returns import Returns, read_returns
    from casemgmt.risk.files import list_models, load_model
    from casemgmt.risk.fitting.fit import fit_model
    from casemgmt.risk.fitting.tabulate import tabulate
    from casemgmt.risk.model import Model
    from casemgmt.scanned.opening import scan_register
    from casemgmt.scanned.scanning import ScannedRegister
    from casemgmt.scheme.files import list_schemes, load_scheme
    from casemgmt.scheme.routes import Scheme
    from casemgmt.synthetic.planted import Planted
    from casemgmt.synthetic.synthesise import synthesise

__all__ = [
    "Admissions",
    "AvoidableAdmissions",
    "BuiltRegister",
    "CapExceededError",
    "Caseload",
    "CasemgmtError",
    "CodeError",
    "CodeList",
    "CommissionerReport",
    "Comparison",
    "Derived",
    "Draft",
    "Drift",
    "EffectAtCut",
    "Evaluation",
    "Events",
    "InputError",
    "InputWarning",
    "Model",
    "ModelError",
    "Outcomes",
    "Plan",
    "Planted",
    "PublishError",
    "PublishedSelection",
    "Register",
    "Returns",
    "Rule",
    "ScannedRegister",
    "Scheme",
    "SchemeError",
    "Seen",
    "Selection",
    "Stability",
    "State",
    "Tariff",
    "VerifyError",
    "Warmed",
    "Window",
    "__version__",
    "avoidable_admissions",
    "build_register",
    "commissioner_report",
    "compare",
    "count_admissions",
    "derive_conditions",
    "draft_config",
    "drift",
    "effect_at_cut",
    "evaluate",
    "fields",
    "fit_model",
    "import_caseload",
    "list_codelists",
    "list_models",
    "list_schemes",
    "load_codelist",
    "load_model",
    "load_scheme",
    "load_selection",
    "open_caseload",
    "outcomes",
    "plan",
    "pseudonym_lookup",
    "pseudonymise",
    "read_register",
    "read_returns",
    "reidentify",
    "scan_register",
    "select",
    "show",
    "stability",
    "synthesise",
    "tabulate",
    "validate",
    "warm",
]


if not TYPE_CHECKING:  # a checker goes by the imports above, and refuses every other name

    def __getattr__(name: str) -> object:
        if name in _WHERE:
            value = getattr(importlib.import_module(_WHERE[name]), name)
            globals()[name] = value
            return value
        # Python itself adds the nearest name to what it prints.
        raise AttributeError(f"module 'casemgmt' has no attribute '{name}'", name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__") and name.endswith("__"))})


if "IPython" in sys.modules:
    from casemgmt.notebook import in_notebooks

    in_notebooks()
