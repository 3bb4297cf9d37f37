// The moderation screen: htmx swaps #work; this keeps the lease, the selection, the draft and the focus, and obeys keys.
// Without it every link and form of the page works by itself.
(function () {
  "use strict";
  const BEAT = 60000, LIST = 15000, CHECK = 700; // ms
  const work = document.getElementById("work");
  const find = (selector, root) => (root || work).querySelector(selector);
  const every = (selector, root) => Array.from((root || work).querySelectorAll(selector));
  const wide = matchMedia("(min-width: 1100px)");
  let token = null;      // of the lease on the screen
  let selected = new Set();
  let anchor = null;     // where a selection with Shift begins
  let activeMs = 0, seenAt = Date.now();
  let scroll = 0, openFirst = "";

  // ---------------------------------------------------------------- talking to the server
  const csrf = () => find("input[name=csrfmiddlewaretoken]").value;
  function form(values) {
    const data = new FormData();
    Object.entries({ csrfmiddlewaretoken: csrf(), ...values }).forEach(([name, value]) => data.set(name, value));
    return data;
  }
  function say(words) {
    const place = find("#problem");
    if (!place) return;
    const line = document.createElement("p");
    line.className = "problem";
    line.textContent = words;
    place.replaceChildren(line);
    place.focus();
  }
  async function beat() {
    if (!token || document.visibilityState !== "visible") return;
    const held = token;
    let answer;
    try {
      answer = await fetch(work.dataset.beat, { method: "POST", body: form({ token: held }), headers: { "HX-Request": "true" } });
    } catch { return; } // the next one tells; what is typed stands in the page
    if (held !== token) return;
    if (answer.status === 200) {
      const until = find("[data-until] time");
      if (!until) return;
      until.dateTime = (await answer.json()).until;
      until.textContent = new Date(until.dateTime).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    } else if (answer.status === 409) say((await answer.json()).words);
    else if (answer.status === 401) say(work.dataset.signedOut);
    else if (answer.status === 403) say(work.dataset.forbidden);
  }
  function leave(held) {
    if (held) navigator.sendBeacon(work.dataset.leave, form({ token: held }));
  }
  const windows = "BroadcastChannel" in window ? new BroadcastChannel("vitrina-leases") : null;
  if (windows) windows.onmessage = (event) => { if (event.data === token) setTimeout(beat, 500); };

  // ---------------------------------------------------------------- the time with a case in view
  function countTime() {
    const now = Date.now();
    if (document.visibilityState === "visible") activeMs += now - seenAt;
    seenAt = now;
  }

  // ---------------------------------------------------------------- the list
  const rows = () => every("[data-row]");
  const boxes = () => every("[data-pick]");
  const current = () => rows().findIndex((row) => row.hasAttribute("aria-current"));
  function showSelection() {
    boxes().forEach((box) => {
      box.checked = selected.has(box.value.split(":")[0]);
      box.closest("li").classList.toggle("picked", box.checked);
    });
    const shown = boxes().filter((box) => box.checked).length;
    find("#queue").classList.toggle("selecting", shown > 0);
    every("[data-count]").forEach((count) => { count.textContent = shown || ""; });
  }
  function pick(box, on) {
    const id = box.value.split(":")[0];
    if (on) selected.add(id); else selected.delete(id);
  }
  function pickTo(box) {
    const list = boxes();
    const from = list.findIndex((one) => one.value === anchor), to = list.indexOf(box);
    if (from < 0) return pick(box, true);
    list.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => pick(one, true));
  }
  function step(by) {
    const list = rows(), at = current();
    const target = at < 0 ? (by > 0 ? list[0] : null) : list[at + by];
    if (target) return target.click();
    const page = find(by > 0 ? '[data-page="further"]' : '[data-page="back"]');
    if (!page || at < 0) return false;
    openFirst = by > 0 ? "first" : "last";
    page.click();
  }
  function refreshList() {
    const queue = find("#queue");
    if (document.visibilityState !== "visible" || queue.contains(document.activeElement) || busy() || find("details[open]", queue)) return;
    const query = queue.dataset.query, item = queue.dataset.current;
    htmx.ajax("GET", `${work.dataset.rows}?${query}${query && "&"}item=${item}`, { target: "#queue", swap: "outerHTML" });
  }
  const busy = () => work.classList.contains("htmx-request") || document.querySelector("dialog[open]") !== null;

  // ---------------------------------------------------------------- ways to look
  const text = () => find("article.text");
  function tab(name) {
    const article = text();
    if (!article || !find(`[data-tab="${name}"]`, article)) return false;
    const next = article.dataset.tab === name ? "text" : name;
    article.dataset.tab = next;
    every("[data-tab]", article).forEach((link) => {
      if (link.dataset.tab === next) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
    return true;
  }

  // ---------------------------------------------------------------- the editor
  const decide = () => find("#decide");
  const fields = () => every('[form="decide"][name]', find("[data-editor]"));
  const editing = () => Boolean(text() && "editing" in text().dataset);
  let atFirst = {}, timer = 0;
  const values = () => Object.fromEntries(fields().map((field) => [field.name, field.value]));
  const changed = () => fields().some((field) => field.value !== atFirst[field.name]);
  function count(field) {
    const counter = find(`[data-counter="${field.name}"]`);
    if (!counter) return;
    if (counter.dataset.words) {
      const [low, high] = counter.dataset.words.split(" ").map(Number);
      const n = (field.value.match(/[\p{L}\p{N}]+(?:[-'’.,][\p{L}\p{N}]+)*/gu) || []).length;
      counter.textContent = `${n} / ${low}–${high} ${counter.dataset.unit}`;
      counter.classList.toggle("over", n < low || n > high);
    } else {
      const most = Number(counter.dataset.most);
      counter.textContent = `${field.value.length} / ${most}`;
      counter.classList.toggle("over", field.value.length > most);
    }
  }
  async function check() {
    const editor = find("[data-editor]");
    if (!editor || !editing()) return;
    try {
      const answer = await fetch(editor.dataset.check, { method: "POST", body: form(values()), headers: { "HX-Request": "true" } });
      if (answer.ok && find("[data-editor]") === editor) find("[data-doubts]", editor).innerHTML = await answer.text();
    } catch { /* the marks come with the next word */ }
  }
  function edit() {
    if (!find("[data-edit]") && !find("[data-editor]")) return false;
    if (!text() || !find("[data-editor]") || !decide()) return false;
    text().dataset.editing = "";
    work.classList.add("editing");
    const body = find('textarea[name="body"]');
    every("textarea", find("[data-editor]")).forEach(grow);
    fields().forEach(count);
    body.focus();
    body.setSelectionRange(0, 0);
    check();
    return true;
  }
  function grow(area) { area.style.height = "auto"; area.style.height = `${area.scrollHeight + 2}px`; }
  function closeEditor() {
    delete text().dataset.editing;
    work.classList.remove("editing");
    ask(false);
    focusTitle();
  }
  function ask(on) {
    find("[data-edit-ask]").hidden = !on;
    if (on) find("[data-edit-drop]").focus();
  }
  function dropEdit() {
    fields().forEach((field) => { field.value = atFirst[field.name]; count(field); });
    vitrinaDrafts.drop(find("[data-editor]").dataset.draft);
    find("[data-draft-found]").hidden = true;
  }
  function wireEditor() {
    work.classList.remove("editing");
    const editor = find("[data-editor]");
    if (!editor) return;
    atFirst = Object.fromEntries(fields().map((field) => [field.name, field.defaultValue]));
    const draft = decide() ? vitrinaDrafts.find(editor.dataset.draft) : null;
    if (draft && Object.keys(draft).some((name) => atFirst[name] !== undefined && draft[name] !== atFirst[name])) {
      fields().forEach((field) => { if (draft[field.name] !== undefined) field.value = draft[field.name]; });
      find("[data-draft-found]").hidden = false;
      edit();
    } else if (editing()) edit();
  }

  // ---------------------------------------------------------------- the bar
  const reasons = () => find("[data-reasons]");
  const rejecting = () => Boolean(reasons() && reasons().open);
  const rejectButton = () => find('#decide button[value="reject"]');
  function settleReasons() {
    if (!reasons()) return;
    rejectButton().disabled = !find("input[name=reasons]:checked", reasons());
  }
  function press(action) {
    const button = find(`button[name="action"][value="${action}"][form="decide"], #decide button[value="${action}"]`);
    if (!button || button.disabled || editing() !== (action === "edit")) return false;
    decide().requestSubmit(button);
    return true;
  }
  function submit(selector) {
    const one = find(selector);
    if (!one || find("button", one).disabled) return false;
    one.requestSubmit(find("button", one));
    return true;
  }
  function back() {
    const open = every("details.up[open]");
    if (open.length) { open.forEach((one) => { one.open = false; find("summary", one).focus(); }); return true; }
    if (editing()) { if (changed()) ask(true); else closeEditor(); return true; }
    if (rejecting()) { reasons().open = false; find("summary", reasons()).focus(); return true; }
    return false;
  }
  function fold() {
    const more = find("[data-more]");
    if (more) more.open = wide.matches;
  }
  function undoRunsOut() {
    const undo = find("[data-undo]");
    if (!undo || !undo.dataset.seconds) return;
    const button = find("button", undo);
    setTimeout(() => { button.disabled = true; }, Number(undo.dataset.seconds) * 1000);
  }

  // ---------------------------------------------------------------- after each swap
  function focusTitle() { const title = find("#item-title"); if (title) title.focus({ preventScroll: true }); }
  function settle() {
    const lease = find('#decide input[name="token"]');
    const next = lease ? lease.value : null;
    if (token && !next) leave(token); // taking another case gave this one back already
    token = next;
    activeMs = 0;
    seenAt = Date.now();
    fold();
    settleReasons();
    wireEditor();
    undoRunsOut();
    settleList();
    if (openFirst) {
      const list = rows(), target = openFirst === "first" ? list[0] : list[list.length - 1];
      openFirst = "";
      if (target) target.click();
    }
  }
  function settleList() {
    showSelection();
    const list = find("[data-rows]");
    if (list) list.scrollTop = scroll;
    const shown = rows()[current()];
    if (shown && list && list.scrollHeight > list.clientHeight) shown.closest("li").scrollIntoView({ block: "nearest" });
  }

  document.body.addEventListener("htmx:beforeRequest", () => { const list = find("[data-rows]"); if (list) scroll = list.scrollTop; });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    // htmx leaves 4xx alone; these two carry a sentence for #problem.
    if (status === 409 || status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "problem") return find("#problem").focus();
    if (event.detail.target.id === "queue") return settleList();
    if (event.detail.target !== work) return;
    settle();
    if (!work.contains(document.activeElement) || document.activeElement === document.body) focusTitle();
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    // Signed out: htmx would go to the sign-in page and lose what is typed here.
    if (event.detail.xhr.status === 401) { event.preventDefault(); say(work.dataset.signedOut); }
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    const words = { 403: "forbidden", 404: "gone" }[event.detail.xhr.status] || "failed";
    say(work.dataset[words]);
  });
  document.body.addEventListener("htmx:sendError", () => say(work.dataset.offline));
  document.body.addEventListener("htmx:timeout", () => say(work.dataset.offline));
  document.body.addEventListener("htmx:configRequest", (event) => {
    // htmx knows buttons that were clicked, not those that a key or a form elsewhere submitted with.
    const button = event.detail.triggeringEvent && event.detail.triggeringEvent.submitter;
    if (button && button.name) event.detail.parameters[button.name] = button.value;
    if (button && button.value === "edit") work.dataset.saving = find("[data-editor]").dataset.draft;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (work.dataset.saving && event.detail.successful && event.detail.xhr.status === 200) {
      vitrinaDrafts.drop(work.dataset.saving);
      delete work.dataset.saving;
    }
  });

  // ---------------------------------------------------------------- what people do with the pointer and in fields
  work.addEventListener("submit", (event) => {
    if (event.target.id === "decide") {
      countTime();
      find('#decide input[name="active_ms"]').value = String(activeMs);
    }
    if (event.target.id === "bulk") setTimeout(() => { selected = new Set(); anchor = null; });
  }, true);
  work.addEventListener("click", (event) => {
    const target = event.target;
    const link = target.closest("a[data-tab]");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); event.stopPropagation(); if (text().dataset.tab !== link.dataset.tab) tab(link.dataset.tab); return; }
    if (target.closest("[data-edit]") && edit()) { event.preventDefault(); event.stopPropagation(); return; }
    if (target.closest("[data-edit-back]")) { event.preventDefault(); event.stopPropagation(); back(); return; }
    if (target.closest("[data-edit-drop]")) { dropEdit(); closeEditor(); return; }
    if (target.closest("[data-edit-keep]")) { ask(false); find('textarea[name="body"]').focus(); return; }
    if (target.closest("[data-draft-drop]")) { dropEdit(); check(); return; }
    const doubt = target.closest("[data-surface]");
    if (doubt) return showWords(doubt.dataset.surface);
    const mark = target.closest("a[data-mark]");
    if (mark) { event.preventDefault(); event.stopPropagation(); showMark(mark.dataset.mark); return; }
    const box = target.closest("[data-pick]");
    if (box) {
      if (event.shiftKey && box.checked) pickTo(box); else pick(box, box.checked);
      anchor = box.value;
      showSelection();
    }
  }, true);
  work.addEventListener("reset", (event) => { if (event.target.id === "bulk") { selected = new Set(); anchor = null; setTimeout(showSelection); } });
  function showMark(number) {
    if (text().dataset.tab !== "text") tab("text");
    const mark = document.getElementById(`mark-${number}`);
    if (!mark) return;
    every("mark.looked-at").forEach((one) => one.classList.remove("looked-at"));
    mark.classList.add("looked-at");
    mark.scrollIntoView({ block: "center" });
  }
  function showWords(surface) {
    const field = fields().find((one) => one.value.includes(surface));
    if (!field) return;
    const closed = field.closest("details:not([open])");
    if (closed) closed.open = true;
    const at = field.value.indexOf(surface);
    field.focus();
    field.setSelectionRange(at, at + surface.length);
  }
  work.addEventListener("change", (event) => {
    if (event.target.name === "reasons" && event.target.closest("#decide")) settleReasons();
    if (event.target.closest(".more-filters")) event.target.form.requestSubmit();
  });
  work.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.closest("[data-editor]")) return;
    count(field);
    if (field.tagName === "TEXTAREA") grow(field);
    vitrinaDrafts.keep(find("[data-editor]").dataset.draft, values());
    clearTimeout(timer);
    timer = setTimeout(check, CHECK);
  });
  work.addEventListener("toggle", (event) => {
    // Told a moment after it opened: by then a key may have led into the comment.
    if (event.target === reasons() && reasons().open && !document.activeElement.closest(".why")) find("input[name=reasons]", reasons()).focus();
    if (event.target.matches("[data-assign]") && event.target.open) find("select", event.target).focus();
  }, true);
  document.addEventListener("click", (event) => {
    every("details.up[open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
  });

  // Keys that work inside of fields too, and those that nobody changes.
  document.addEventListener("keydown", (event) => {
    if (event.repeat || busy()) return;
    if (event.code === "Escape") {
      if (back()) event.preventDefault();
      // A search field would be emptied by the browser.
      else if (vitrinaKeys.typing(event.target)) { event.preventDefault(); event.target.blur(); }
      return;
    }
    if (!["Enter", "NumpadEnter"].includes(event.code) || event.altKey) return;
    if (event.ctrlKey || event.metaKey) { if (editing() && press("edit")) event.preventDefault(); return; }
    if (!rejecting() || event.shiftKey || event.target.closest("button, a, summary, select, textarea")) return;
    if (vitrinaKeys.typing(event.target) && !reasons().contains(event.target)) return;
    event.preventDefault();
    press("reject");
  });
  function reason(number) {
    const box = rejecting() && find(`[data-number="${number}"]`);
    if (!box) return false;
    box.click();
    return true;
  }
  const calm = (act) => () => !busy() && !editing() && act();
  const still = (act) => calm(() => !rejecting() && act());
  vitrinaKeys.start({
    next: still(() => { const on = find("[data-following]"); if (on && current() < 0) on.click(); else return step(1); }),
    former: still(() => step(-1)),
    approve: still(() => press("approve")),
    edit: still(edit),
    reject: calm(() => { if (!reasons() || rejecting()) return false; reasons().open = true; }),
    ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`reason${n}`, calm(() => reason(n))])),
    comment: calm(() => { if (!rejecting()) return false; find("input[name=comment]", reasons()).focus(); }),
    reprocess: still(() => press("reprocess")),
    assign: still(() => { const give = find("[data-assign]"); if (!give) return false; find("[data-more]").open = true; give.open = true; }),
    later: still(() => submit("[data-later]")),
    undo: calm(() => submit("[data-undo]")),
    diff: calm(() => tab("diff")),
    site: calm(() => tab("site")),
    select: (event) => still(() => {
      const box = boxes()[current()];
      if (!box) return false;
      if (event.shiftKey) pickTo(box); else pick(box, !box.checked);
      anchor = box.value;
      showSelection();
    })(),
    search: still(() => { find("#q").focus(); find("#q").select(); }),
  });

  wide.addEventListener("change", fold);
  document.addEventListener("visibilitychange", () => { countTime(); if (document.visibilityState === "visible") beat(); });
  window.addEventListener("pagehide", () => { if (!token) return; if (windows) windows.postMessage(token); leave(token); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(beat, BEAT);
  setInterval(refreshList, LIST);
  settle();
  if (token) { setTimeout(beat, 300); setTimeout(beat, 3000); } // a page loaded again: its former self just gave the case back
})();
