// The text of a case: its tabs (text, differences, as on the site), its marked words, and the editor in its place, whose
// draft is kept in the browser until it is saved.
window.vitrinaText = (function () {
  "use strict";
  const CHECK = 700; // ms
  const { area, find, every, post, focusTitle } = vitrinaWork;
  const text = () => find("article.text");
  const editor = () => find("[data-editor]");
  const fields = () => every('[form="decide"][name]', editor());
  const editing = () => Boolean(text() && "editing" in text().dataset);
  const values = () => Object.fromEntries(fields().map((field) => [field.name, field.value]));
  let atFirst = {}, timer = 0;

  // ---------------------------------------------------------------- ways to look
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
  function showMark(number) {
    if (text().dataset.tab !== "text") tab("text");
    const mark = document.getElementById(`mark-${number}`);
    if (!mark) return;
    every("mark.looked-at").forEach((one) => one.classList.remove("looked-at"));
    mark.classList.add("looked-at");
    mark.scrollIntoView({ block: "center" });
  }

  // ---------------------------------------------------------------- the editor
  const grow = (field) => { field.style.height = "auto"; field.style.height = `${field.scrollHeight + 2}px`; };
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
    const asked = editor();
    if (!asked || !editing()) return;
    try {
      const answer = await post(asked.dataset.check, values());
      if (answer.ok && editor() === asked) find("[data-doubts]", asked).innerHTML = await answer.text();
    } catch { /* the marks come with the next word */ }
  }
  function edit() {
    if (!text() || !editor() || !find("#decide")) return false;
    text().dataset.editing = "";
    area.classList.add("editing");
    const body = find('textarea[name="body"]');
    every("textarea", editor()).forEach(grow);
    fields().forEach(count);
    body.focus();
    body.setSelectionRange(0, 0);
    check();
    return true;
  }
  function close() {
    delete text().dataset.editing;
    area.classList.remove("editing");
    ask(false);
    focusTitle();
  }
  function ask(on) {
    find("[data-edit-ask]").hidden = !on;
    if (on) find("[data-edit-drop]").focus();
  }
  function drop() {
    fields().forEach((field) => { field.value = atFirst[field.name]; count(field); });
    vitrinaDrafts.drop(editor().dataset.draft);
    find("[data-draft-found]").hidden = true;
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

  area.addEventListener("click", (event) => {
    const target = event.target;
    const keep = () => { event.preventDefault(); event.stopPropagation(); };
    const link = target.closest("a[data-tab]");
    if (link && !event.ctrlKey && !event.metaKey) { keep(); if (text().dataset.tab !== link.dataset.tab) tab(link.dataset.tab); return; }
    if (target.closest("[data-edit]") && edit()) return keep();
    if (target.closest("[data-edit-drop]")) { drop(); return close(); }
    if (target.closest("[data-edit-keep]")) { ask(false); return find('textarea[name="body"]').focus(); }
    if (target.closest("[data-draft-drop]")) { drop(); return check(); }
    const doubt = target.closest("[data-surface]");
    if (doubt) return showWords(doubt.dataset.surface);
    const mark = target.closest("a[data-mark]");
    if (mark) { keep(); showMark(mark.dataset.mark); }
  }, true);
  area.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.closest("[data-editor]")) return;
    count(field);
    if (field.tagName === "TEXTAREA") grow(field);
    vitrinaDrafts.keep(editor().dataset.draft, values());
    clearTimeout(timer);
    timer = setTimeout(check, CHECK);
  });

  return {
    tab, edit, editing,
    /** Leave the editor; asks first where something was changed. */
    leave() { if (fields().some((field) => field.value !== atFirst[field.name])) ask(true); else close(); },
    /** Name of the draft that an edit under way is kept under. */
    draft: () => editor().dataset.draft,
    /** A case was swapped in: its editor begins with the draft that was kept of it. */
    settle() {
      area.classList.remove("editing");
      if (!editor()) return;
      atFirst = Object.fromEntries(fields().map((field) => [field.name, field.defaultValue]));
      const draft = find("#decide") ? vitrinaDrafts.find(editor().dataset.draft) : null;
      if (draft && Object.keys(draft).some((name) => atFirst[name] !== undefined && draft[name] !== atFirst[name])) {
        fields().forEach((field) => { if (draft[field.name] !== undefined) field.value = draft[field.name]; });
        find("[data-draft-found]").hidden = false;
        edit();
      } else if (editing()) edit();
    },
  };
})();
