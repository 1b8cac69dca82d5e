"""Every public name as a user writes it: a program that type checkers accept in their strict mode. It is not run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import casemgmt as cm


class Frame:
    """A table of any library that speaks Arrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        raise NotImplementedError


def read() -> cm.Register:
    """Registers: from files, from frames, from published tables."""
    register: cm.Register = cm.read_register("register.parquet", as_of="2015-04-01")
    register = cm.read_register([Path("a.csv"), "b.csv"], as_of=dt.date(2015, 4, 1), config="my.toml")
    register = cm.read_register(Frame(), as_of="2015-04-01", columns={"NHSNo": "patient_id"})
    scanned: cm.ScannedRegister = cm.scan_register(["a.parquet"], as_of="2015-04-01")
    made: cm.Register = cm.synthesise("C87616", seed=1)
    file: Path = cm.synthesise("03L", to="03L.parquet", planted=cm.Planted())
    people: int = len(register) + len(made)
    seen: tuple[str, ...] = register.practices + scanned.practices
    draft: cm.Draft = cm.draft_config("register.csv", Path("register.toml"), scheme=cm.load_scheme("my-scheme.toml"))
    kept: cm.Warmed = cm.warm(check=True)
    print(draft.questions, kept.loops)
    print(register.quarantine, scanned.corrections, register.as_of.isoformat(), people, seen, file, cm.fields())
    return register


def select(register: cm.Register) -> cm.Selection:
    """Lists: by a model, by given scores, after an earlier selection."""
    model: cm.Model = cm.load_model("cambridge-multimorbidity-20")
    scheme: cm.Scheme = cm.load_scheme(Path("my-scheme.toml"))
    names: list[str] = cm.list_models() + cm.list_schemes() + cm.list_codelists()
    selection: cm.Selection = cm.select(register, scheme, model=model)
    for score in ("risk", [0.1, None, 0.3], {"p1": 0.3}, Frame()):
        selection = cm.select(register, scheme, score=score, previous=selection)
    folder: Path = selection.save("out", workbooks=True)
    published: cm.PublishedSelection = cm.load_selection(folder)
    comparison: cm.Comparison = cm.compare(selection, selection)
    report: cm.CommissionerReport = cm.commissioner_report(published, register=register)
    returns: cm.Returns = cm.read_returns("returned", published)
    ranked: cm.Model | None = selection.model
    print(names, comparison.summary(), report.to_html(), returns.counts(), scheme.routes, model.score(register), ranked)
    print(cm.show(selection.summary()), published.summary(), selection.explain("p1").num_rows)
    return selection


def judge(register: cm.Register, scheme: cm.Scheme, selection: cm.Selection) -> None:
    """Fitting, judging, planning, watching."""
    fitted: cm.Model = cm.fit_model(register, "admitted", kind="points")
    found: cm.Evaluation = cm.evaluate(fitted, "admitted", register, scheme)
    auroc: float = found.value("auroc")
    apart: cm.Evaluation = cm.validate(register, "admitted", lambda part: cm.fit_model(part, "admitted"))
    steady: cm.Stability = cm.stability(register, lambda part: cm.fit_model(part, "admitted"))
    moved: cm.Drift = cm.drift(register, register, fitted)
    effect: cm.EffectAtCut = cm.effect_at_cut(selection, "admitted", base_rate=0.1)
    plan: cm.Plan = cm.plan(register, scheme, fitted, tariff=cm.Tariff(pounds_an_hour=60))
    print(auroc, apart.plot_calibration(), steady.mape, moved.warnings, effect.effect, plan.for_hours(100))
    print(fitted.fitting.people, fitted.to_sql("tsql", table="register"))


def derive(events: Frame, episodes: Mapping[str, Frame]) -> cm.Model:
    """Coded records and hospital episodes."""
    gout: cm.CodeList = cm.load_codelist("./gout.csv", system="snomedct", condition="gout")
    window: cm.Window = cm.Window(length=12, unit="month")
    rule: cm.Rule = cm.Rule(name="gout", all=(cm.Seen("gout", within=window),))
    derived: cm.Derived = cm.derive_conditions(
        {"snomedct": cm.Events(events, {"PATIENT": "patient_id"})}, gout, as_of="2015-04-01", rules=[rule]
    )
    admissions: cm.Admissions = cm.count_admissions(episodes, as_of="2015-04-01")
    built: cm.BuiltRegister = cm.build_register(Frame(), derived, admissions, as_of="2015-04-01")
    avoidable: cm.AvoidableAdmissions = cm.avoidable_admissions("episodes.csv")
    measured: cm.Outcomes = cm.outcomes(
        events, Frame(), year="financial", base_year="2013/14", covers=("2012-04-01", "2016-03-31")
    )
    print(built.account, avoidable.counts("condition"), measured.by_practice)

    class Trees:
        def fit(self, rows: Frame, happened: list[bool]) -> Trees:
            return self

    tabulated: cm.Model = cm.tabulate(Trees(), built.to_arrow())
    return cm.load_model(Trees()) if tabulated.name else tabulated


def keep(selection: cm.Selection, returns: cm.Returns) -> None:
    """The caseload over time."""
    with cm.open_caseload("caseload.sqlite", create=True, review_every_months=3) as caseload:
        kept: cm.Caseload = caseload
        kept.propose(selection, by="AB")
        kept.apply(returns)
        kept.decide([{"practice_id": "C87001", "patient_id": "p1", "decision": "accept", "date": "2015-04-02"}])
        state: cm.State = kept.on("2015-04-02")
        print(state.summary(), state.to_pandas())
    cm.import_caseload("exported", "other.sqlite").close()


def hide(frame: Frame) -> None:
    """Pseudonyms."""
    key = Path("practice.key")
    print(cm.pseudonymise(frame, key=key, opt_outs="opt-outs.csv"))
    print(cm.reidentify(frame, cm.pseudonym_lookup(frame, key=key)), cm.__version__)


def refuse() -> str:
    """Errors."""
    try:
        read()
    except (cm.InputError, cm.SchemeError, cm.ModelError, cm.CodeError) as problem:
        return str(problem)
    except (cm.CapExceededError, cm.PublishError, cm.VerifyError, cm.CasemgmtError) as problem:
        return f"{problem.exit_code} {cm.InputWarning.__name__}"
    return ""
