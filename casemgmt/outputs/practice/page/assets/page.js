"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const one = (selector, from = document) => from.querySelector(selector);
  const hidden = (text) => make("span", "nhsuk-u-visually-hidden", text);
  const counted = (n, word, many) => `${n.toLocaleString("en-GB")} ${n === 1 ? word : many || `${word}s`}`;

  /** An element; everything that comes from data is text, never markup. */
  function make(tag, classes = "", text = "", attributes = {}) {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  // What has been answered: a row's mark → {answer, reason, date, who, patient_id}. who and date are null until saved.
  const given = new Map();
  let unsaved = false;
  const rows = [];
  const byMark = new Map();

  // ---------------------------------------------------------------- places of judgement
  const emptyRows = [];
  const accepts = (row) => row.sheet === "judgement" && given.get(row.mark)?.answer === data.accept;
  const nominations = () => rows.concat(emptyRows).filter(accepts).length;

  function refuseOver() {
    const status = one("[data-places]");
    status.dataset.full = "";
    status.textContent = data.left
      ? `All ${counted(data.left, "place")} that were left are used. Take one back before you nominate another.`
      : "No place is left: nobody more can be nominated.";
  }

  function sayPlaces() {
    const status = one("[data-places]");
    if (!status) return;
    const used = nominations();
    delete status.dataset.full;
    status.hidden = false;
    status.textContent = `${counted(used, "patient")} nominated here, ${counted(data.left - used, "place")} left.`;
  }

  // ---------------------------------------------------------------- answers
  function say() {
    const answered = given.size;
    const used = nominations();
    const places = one("[data-places]") ? ` ${used} of ${counted(data.left, "place")} left used by nominations.` : "";
    one("[data-bar]").textContent = `${counted(answered, "answer")}.${places}`;
    one("[data-progress]").textContent =
      `${counted(answered, "answer")} so far, ${unsaved ? "not all of them saved" : answered ? "all saved" : "nothing to save yet"}.${places}`;
  }

  /** Take an answer, or take it back with answer = "". False where no place is left for it. */
  function take(row, answer, change = {}) {
    if (answer === data.accept && row.sheet === "judgement" && !accepts(row) && nominations() >= data.left) {
      refuseOver();
      return false;
    }
    if (answer) given.set(row.mark, { reason: "", date: null, who: null, ...given.get(row.mark), answer, ...change });
    else given.delete(row.mark);
    unsaved = true;
    if (row.tr) row.tr.toggleAttribute("data-answered", Boolean(answer));
    sayPlaces();
    say();
    return true;
  }

  const needsNoReason = (answer) => !answer || answer === data.accept || answer === data.done || answer === "keep";

  function field(row, name, label, attributes) {
    const box = make("div", "cm-field");
    const id = `${name}-${row.sheet}-${row.n}`;
    const input = make("input", "nhsuk-input", "", { id, ...attributes });
    const words = make("label", "nhsuk-label", label, { for: id });
    words.append(hidden(` for patient ${row.patient}`));
    box.append(words, input);
    input.addEventListener("change", () => take(row, given.get(row.mark).answer, { [name]: input.value || null }));
    one(".cm-answer", row.tr).append(box);
    return { box, input };
  }

  function addControls(row) {
    const cell = one(".cm-answer", row.tr);
    const nominating = row.sheet === "judgement";
    const choices = data.answers[row.sheet].filter((answer) => !nominating || answer !== data.accept);
    const select = make("select", "nhsuk-select", "", { "aria-label": `${nominating ? "Other answer" : "Answer"} for patient ${row.patient}` });
    select.append(make("option", "", nominating ? "or another answer" : "no answer yet", { value: "" }));
    for (const answer of choices) select.append(make("option", "", answer, { value: answer }));
    // Made when they are first needed: most rows never need them.
    const { min, max } = document.getElementById("date");
    const fields = {};
    const showField = (name, shown, label, attributes) => {
      if (shown) fields[name] ||= field(row, name, label, attributes);
      if (!fields[name]) return;
      fields[name].box.hidden = !shown;
      fields[name].input.value = (shown && given.get(row.mark)[name]) || "";
    };
    let tick = null;
    if (nominating) {
      const id = `nominate-${row.n}`;
      tick = make("input", "nhsuk-checkboxes__input", "", { id, type: "checkbox" });
      const label = make("label", "nhsuk-label nhsuk-checkboxes__label", "Nominate", { for: id });
      label.append(hidden(` patient ${row.patient}`));
      const item = make("div", "nhsuk-checkboxes__item");
      item.append(tick, label);
      const group = make("div", "nhsuk-checkboxes nhsuk-checkboxes--small");
      group.append(item);
      cell.append(group);
      tick.addEventListener("change", () => {
        if (!take(row, tick.checked ? data.accept : "", { who: null, date: null })) tick.checked = false;
        row.show();
      });
    }
    cell.append(select);
    select.addEventListener("change", () => {
      take(row, select.value, { who: null, date: null });
      row.show();
    });
    row.show = () => {
      const said = given.get(row.mark);
      const answer = said?.answer || "";
      if (tick) tick.checked = answer === data.accept;
      select.value = tick && answer === data.accept ? "" : answer;
      const why = !needsNoReason(answer) || (nominating && answer === data.accept);
      showField("reason", why, "Reason", { type: "text", maxlength: data.longest.reason, autocomplete: "off" });
      showField("date", answer === data.done, "Day of the review", { type: "date", min, max });
      row.tr.toggleAttribute("data-answered", Boolean(answer));
    };
  }

  // ---------------------------------------------------------------- anyone else on the practice's list
  function addEmptyRows() {
    const place = document.getElementById("empty");
    if (!place) return;
    place.replaceChildren();
    const known = new Set(rows.filter((row) => ["list", "judgement"].includes(row.sheet)).map((row) => row.patient));
    data.empty.forEach((mark, n) => {
      const row = { sheet: "judgement", mark, n, patient: "" };
      const box = make("div", "cm-empty");
      const patient = emptyField(row, "patient", `Patient ${n + 1}`, { maxlength: 200 });
      const reason = emptyField(row, "why", `Why patient ${n + 1}`, { maxlength: data.longest.reason });
      const error = make("p", "nhsuk-error-message", "", { id: `patient-empty-${n}-error` });
      error.hidden = true;
      patient.group.insertBefore(error, patient.input);
      patient.input.setAttribute("aria-describedby", error.id);
      const complain = (text) => {
        error.textContent = text;
        error.hidden = !text;
        patient.group.classList.toggle("nhsuk-form-group--error", Boolean(text));
        patient.input.toggleAttribute("aria-invalid", Boolean(text));
      };
      const changed = () => {
        const id = patient.input.value.trim();
        const twice = emptyRows.some((other) => other !== row && id && other.patient === id);
        const problem = known.has(id) ? "This patient stands in a table above: answer there." : twice ? "This patient is written twice." : "";
        complain(problem);
        row.patient = problem ? "" : id;
        if (row.patient && !take(row, data.accept, { patient_id: id, reason: reason.input.value, who: null, date: null })) {
          row.patient = "";
          complain(one("[data-places]").textContent);
        } else if (!row.patient) take(row, "");
      };
      patient.input.addEventListener("change", changed);
      reason.input.addEventListener("change", changed);
      row.show = () => {
        const said = given.get(mark);
        row.patient = said?.patient_id || "";
        patient.input.value = row.patient;
        reason.input.value = said?.reason || "";
        if (row.patient) box.hidden = false;
        complain("");
      };
      box.append(patient.group, reason.group);
      box.hidden = n >= 3;
      emptyRows.push(row);
      byMark.set(mark, row);
      place.append(box);
    });
    if (data.empty.length > 3) {
      const more = make("button", "nhsuk-button nhsuk-button--secondary nhsuk-button--small cm-screen-only", "Add another", { type: "button" });
      more.addEventListener("click", () => {
        const next = one(".cm-empty[hidden]", place);
        next.hidden = false;
        one("input", next).focus();
        if (!one(".cm-empty[hidden]", place)) more.remove();
      });
      place.append(more);
    }
  }

  function emptyField(row, name, label, attributes) {
    const group = make("div", "nhsuk-form-group");
    const id = `${name}-empty-${row.n}`;
    const input = make("input", "nhsuk-input", "", { id, type: "text", autocomplete: "off", spellcheck: "false", ...attributes });
    group.append(make("label", "nhsuk-label", label, { for: id }), input);
    return { group, input };
  }

  // ---------------------------------------------------------------- sorting and finding
  const collator = new Intl.Collator("en-GB", { numeric: true, sensitivity: "base" });

  function valueOf(tr, column) {
    const cell = tr.cells[column];
    return cell.dataset.v ?? cell.textContent.trim();
  }

  function compare(a, b) {
    const [x, y] = [Number(a), Number(b)];
    return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : collator.compare(a, b);
  }

  function makeSortable(table) {
    const body = table.tBodies[0];
    const headings = all("th.nhsuk-table__header", table.tHead);
    const status = make("div", "nhsuk-u-visually-hidden", "", { role: "status" });
    table.parentElement.before(status);
    headings.forEach((heading, column) => {
      if (!("sort" in heading.dataset)) return;
      const button = make("button", "nhsuk-link", heading.textContent, { type: "button" });
      heading.dataset.words = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") === "ascending";
        const ordered = Array.from(body.rows).map((tr) => [valueOf(tr, column), Number(tr.dataset.n), tr]);
        ordered.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
        body.append(...ordered.map((each) => each[2]));
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        status.textContent = `Sorted by ${button.textContent}, ${down ? "descending" : "ascending"}.`;
      });
    });
  }

  function makeFindable(tools) {
    const table = one(`table[data-sheet="${tools.dataset.for}"]`);
    const trs = Array.from(table.tBodies[0].rows);
    const [find, only, status] = [one("[data-find]", tools), one("[data-only]", tools), one("[data-count]", tools)];
    const texts = new Map(trs.map((tr) => [tr, textOf(tr)]));
    const update = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      const [what, value] = only.value.split(/:(.*)/s);
      const fits = {
        "": () => true,
        open: (tr) => !tr.hasAttribute("data-answered"),
        answered: (tr) => tr.hasAttribute("data-answered"),
        standing: (tr) => tr.dataset.standing === value,
        route: (tr) => tr.dataset.route === value,
      }[what];
      let shown = 0;
      for (const tr of trs) {
        tr.hidden = !(fits(tr) && words.every((word) => texts.get(tr).includes(word)));
        shown += tr.hidden ? 0 : 1;
      }
      status.textContent = shown === trs.length ? `All ${counted(shown, "patient")} shown.` : `${counted(shown, "patient")} of ${trs.length.toLocaleString("en-GB")} shown.`;
    };
    find.addEventListener("input", update);
    only.addEventListener("change", update);
    tools.hidden = false;
    update();
  }

  /** What a row says, without its controls. */
  const textOf = (tr) => Array.from(tr.cells).filter((cell) => !cell.classList.contains("cm-answer")).map((cell) => cell.textContent).join(" ").toLowerCase();

  // ---------------------------------------------------------------- what adds to a score
  function openWhy(event) {
    const details = event.target;
    const row = details.closest("tr");
    const why = data.why[row.closest("table").dataset.sheet]?.[row.dataset.n];
    const place = one(".nhsuk-details__text", details);
    if (!details.open || "printing" in details.dataset || !why || one(".cm-sum", place)) return;
    const [total, ...places] = why;
    const factors = data.factor;
    const table = make("table", "cm-sum");
    table.append(make("caption", "", "What adds to the score, exactly"));
    const line = (parent, tag, cells) => {
      const tr = make("tr");
      cells.forEach((text, at) => tr.append(make(at ? tag : "th", at ? "cm-number" : "", text, at && tag === "td" ? {} : { scope: tag === "th" && parent.tagName === "THEAD" ? "col" : "row" })));
      parent.append(tr);
    };
    const [head, body, foot] = [make("thead"), make("tbody"), make("tfoot")];
    line(head, "th", factors ? ["What is known", "Adds", factors] : ["What is known", "Adds"]);
    for (const at of places) {
      const [words, points, factor] = data.said[at];
      line(body, "td", factors ? [words, points, factor] : [words, points]);
    }
    line(foot, "td", factors ? ["The score", total, ""] : ["The score", total]);
    table.append(head, body, foot);
    place.append(table);
  }

  // ---------------------------------------------------------------- saving, and going on
  function complain(problems) {
    const box = one("[data-errors]");
    box.replaceChildren(make("h3", "nhsuk-error-summary__title", "Not saved"));
    const list = make("ul", "nhsuk-list nhsuk-error-summary__list");
    for (const [text, target] of problems) {
      const item = make("li");
      if (target) item.append(make("a", "", text, { href: `#${target}` }));
      else item.textContent = text;
      list.append(item);
    }
    box.append(list);
    box.hidden = false;
    box.focus();
  }

  function save() {
    const [who, date] = [document.getElementById("who").value.trim(), document.getElementById("date").value];
    const problems = [];
    if (!given.size) problems.push(["There is no answer yet."]);
    if (!who) problems.push(["Write your name.", "who"]);
    if (!date) problems.push(["Write the date of your answers.", "date"]);
    all(".cm-screen-only input[type=date], .cm-answer input[type=date]").forEach((each) => {
      if (!each.validity.valid) problems.push(["A date is more than two years from that of the list.", each.id]);
    });
    all(".cm-empty .nhsuk-error-message:not([hidden])").forEach((each) => problems.push([each.textContent, each.id.replace("-error", "")]));
    if (problems.length) return complain(problems);
    one("[data-errors]").hidden = true;
    const answered = [];
    for (const row of rows.concat(emptyRows)) {
      const said = given.get(row.mark);
      if (!said) continue;
      said.who ||= who;
      said.date ||= date;
      const { answer, reason } = said;
      const values = { mark: row.mark, patient_id: row.patient, sheet: row.sheet, answer, reason: reason || "", who: said.who, date: said.date, order: null };
      answered.push(Object.fromEntries(data.row.map((name) => [name, values[name]])));
    }
    const text = JSON.stringify({ ...data.facts, rows: answered }, null, 1);
    const name = `${data.facts.practice_id}-answers-${data.facts.as_of}`.replace(/[^A-Za-z0-9_-]/g, "_");
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    make("a", "", "", { href: url, download: `${name}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
    unsaved = false;
    say();
    one("[data-progress]").textContent = `Saved ${counted(answered.length, "answer")} to ${name}.json. Send that file back.`;
  }

  async function goOn(event) {
    const file = event.target.files[0];
    if (!file) return;
    let read = null;
    try {
      read = JSON.parse(await file.text());
    } catch {
      /* said below */
    }
    event.target.value = "";
    const own = Object.keys(data.facts).every((name) => read?.[name] === data.facts[name]);
    if (!own || !Array.isArray(read.rows)) {
      const other = read?.format === data.facts.format ? "That file holds the answers to another list." : "That file holds no answers that were saved here.";
      return complain([[`${other} Nothing was changed.`]]);
    }
    one("[data-errors]").hidden = true;
    let taken = 0;
    for (const said of read.rows) {
      const row = byMark.get(said?.mark);
      if (!row || !data.answers[row.sheet].includes(said.answer)) continue;
      const kept = Object.fromEntries(["reason", "who", "date"].map((name) => [name, typeof said[name] === "string" ? said[name] : null]));
      if (emptyRows.includes(row)) kept.patient_id = String(said.patient_id);
      if (take(row, said.answer, kept)) taken += 1;
      row.show();
    }
    unsaved = false;
    say();
    one("[data-progress]").textContent = `${counted(taken, "answer")} of ${counted(read.rows.length, "row")} of that file taken over.`;
  }

  /** Narrow, the rows are no table to some screen readers, unless it is said that they are one. */
  function keepRoles(table) {
    table.setAttribute("role", "table");
    for (const part of [table.tHead, ...table.tBodies]) part.setAttribute("role", "rowgroup");
    for (const tr of table.rows) {
      tr.setAttribute("role", "row");
      for (const cell of tr.cells) cell.setAttribute("role", { col: "columnheader", row: "rowheader" }[cell.scope] || "cell");
    }
  }

  // ---------------------------------------------------------------- begin
  for (const table of all("table[data-sheet]")) {
    const sheet = table.dataset.sheet;
    for (const tr of table.tBodies[0].rows) {
      const n = Number(tr.dataset.n);
      const [mark, patient] = data.rows[sheet][n];
      const row = { sheet, mark, patient, tr, n };
      rows.push(row);
      byMark.set(mark, row);
      addControls(row);
    }
    makeSortable(table);
  }
  all("table.nhsuk-table--responsive").forEach(keepRoles);
  addEmptyRows();
  all(".cm-tools").forEach(makeFindable);
  all(".cm-why details").forEach((details) => details.addEventListener("toggle", openWhy));
  const today = new Date();
  const day = document.getElementById("date");
  day.value = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  if (!day.validity.valid) day.value = "";
  document.getElementById("save").addEventListener("click", save);
  document.getElementById("open").addEventListener("change", goOn);
  document.getElementById("no-script").hidden = true;
  document.getElementById("answers").hidden = false;
  document.getElementById("bar").hidden = false;
  // Browsers that do not know the part of a closed reason that is printed are shown it open.
  addEventListener("beforeprint", () => {
    for (const each of all(".cm-why details:not([open])")) {
      each.dataset.printing = "";
      each.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const each of all(".cm-why details[data-printing]")) {
      each.open = false;
      delete each.dataset.printing;
    }
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved && given.size) event.preventDefault();
  });
  sayPlaces();
  say();
})();
