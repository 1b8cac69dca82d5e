"""What type checkers refuse. A mark that is not needed is itself an error to both of them. It is not run."""

from __future__ import annotations

import casemgmt as cm

register = cm.read_register("register.csv", as_of="2015-04-01")
scheme = cm.load_scheme("rotherham-2015-16")
selection = cm.select(register, scheme, score="risk")

cm.selct  # type: ignore[attr-defined]
cm.Modle  # type: ignore[attr-defined]
cm.select(register)  # type: ignore[call-arg]
cm.select(register, "rotherham-2015-16")  # type: ignore[arg-type]
cm.select(register, scheme, scores="risk")  # type: ignore[call-arg]
cm.select(register, scheme, over_cap="wait")  # type: ignore[arg-type]
cm.select(register, scheme, score=0.3)  # type: ignore[arg-type]
cm.read_register(7, as_of="2015-04-01")  # type: ignore[arg-type]
cm.read_register("register.csv")  # type: ignore[call-arg]
cm.load_model(7)  # type: ignore[arg-type]
cm.synthesise("C87616").name  # type: ignore[attr-defined]
cm.compare(selection, register)  # type: ignore[arg-type]
cm.evaluate("risk", 7, register)  # type: ignore[arg-type]
register.quarantined  # type: ignore[attr-defined]
selection.sumary()  # type: ignore[attr-defined]
selection.explain(7)  # type: ignore[arg-type]
cm.load_selection("out").explain("p1")  # type: ignore[attr-defined]
cm.load_model("lace").scor(register)  # type: ignore[attr-defined]
