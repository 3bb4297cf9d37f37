// The moderation screen: htmx swaps #work; this obeys the keys and the bar, and joins the list, the text and the lease
// (moderation-list.js, moderation-text.js, moderation-work.js). Without it every link and form works by itself.
(function () {
  "use strict";
  const { area, find, every, busy, focusTitle } = vitrinaWork;
  const list = vitrinaList, text = vitrinaText;
  const wide = matchMedia("(min-width: 68.75em)"); // as in the style sheet

  // ---------------------------------------------------------------- the bar
  const decide = () => find("#decide");
  const reasons = () => find("[data-reasons]");
  const rejecting = () => Boolean(reasons() && reasons().open);
  function settleReasons() {
    if (reasons()) find('#decide button[value="reject"]').disabled = !find("input[name=reasons]:checked", reasons());
  }
  function press(action) {
    const button = find(`button[name="action"][value="${action}"][form="decide"], #decide button[value="${action}"]`);
    if (!button || button.disabled || text.editing() !== (action === "edit")) return false;
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
    if (text.editing()) { text.leave(); return true; }
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

  // ---------------------------------------------------------------- each swap
  function settle() {
    vitrinaWork.settle();
    fold();
    settleReasons();
    text.settle();
    undoRunsOut();
    list.settle();
    list.openWanted();
  }
  // On a phone the page itself scrolls: the next case begins at its title, with what was saved above it.
  function toTheTop() {
    if (find(".with-item") || document.querySelector("#messages .toast")) scrollTo(0, 0);
  }
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "problem") return find("#problem").focus();
    if (event.detail.target.id === "queue") return list.renewed();
    if (event.detail.target !== area) return;
    settle();
    toTheTop();
    const focused = document.activeElement;
    if (!area.contains(focused) || focused === document.body || find("#queue").contains(focused)) focusTitle();
  });
  document.body.addEventListener("htmx:configRequest", (event) => {
    // htmx knows buttons that were clicked, not those that a key or a form elsewhere submitted with.
    const button = event.detail.triggeringEvent && event.detail.triggeringEvent.submitter;
    if (button && button.name) event.detail.parameters[button.name] = button.value;
    if (button && button.value === "edit") area.dataset.saving = text.draft();
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (area.dataset.saving && event.detail.successful && event.detail.xhr.status === 200) {
      vitrinaDrafts.drop(area.dataset.saving);
      delete area.dataset.saving;
    }
  });

  // ---------------------------------------------------------------- what people do with the pointer and in fields
  area.addEventListener("submit", (event) => {
    if (event.target.id === "decide") find('#decide input[name="active_ms"]').value = String(vitrinaWork.activeMs());
  }, true);
  area.addEventListener("click", (event) => {
    if (event.target.closest("[data-edit-back]")) { event.preventDefault(); event.stopPropagation(); back(); }
  }, true);
  area.addEventListener("change", (event) => {
    if (event.target.name === "reasons" && event.target.closest("#decide")) settleReasons();
  });
  area.addEventListener("toggle", (event) => {
    // Told a moment after it opened: by then a key may have led into the comment.
    if (event.target === reasons() && reasons().open && !document.activeElement.closest(".why")) find("input[name=reasons]", reasons()).focus();
    if (event.target.matches("[data-assign]") && event.target.open) find("select", event.target).focus();
  }, true);
  document.addEventListener("click", (event) => {
    every("details.up[open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
  });

  // ---------------------------------------------------------------- keys
  // Those that work inside of fields too, and those that nobody changes.
  document.addEventListener("keydown", (event) => {
    if (event.repeat || busy()) return;
    if (event.code === "Escape") {
      if (back()) event.preventDefault();
      // A search field would be emptied by the browser.
      else if (vitrinaKeys.typing(event.target)) { event.preventDefault(); event.target.blur(); }
      return;
    }
    if (!["Enter", "NumpadEnter"].includes(event.code) || event.altKey) return;
    if (event.ctrlKey || event.metaKey) { if (text.editing() && press("edit")) event.preventDefault(); return; }
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
  const calm = (act) => (event) => !busy() && !text.editing() && act(event);
  const still = (act) => calm((event) => !rejecting() && act(event));
  vitrinaKeys.start({
    next: still(() => { const on = find("[data-following]"); if (on && !list.shown()) on.click(); else return list.step(1); }),
    former: still(() => list.step(-1)),
    approve: still(() => press("approve")),
    edit: still(() => text.edit()),
    reject: calm(() => { if (!reasons() || rejecting()) return false; reasons().open = true; }),
    ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`reason${n}`, calm(() => reason(n))])),
    comment: calm(() => { if (!rejecting()) return false; find("input[name=comment]", reasons()).focus(); }),
    reprocess: calm(() => press("reprocess")),
    assign: still(() => { const give = find("[data-assign]"); if (!give) return false; find("[data-more]").open = true; give.open = true; }),
    later: still(() => submit("[data-later]")),
    undo: calm(() => submit("[data-undo]")),
    diff: calm(() => text.tab("diff")),
    site: calm(() => text.tab("site")),
    select: still((event) => list.select(event.shiftKey)),
    search: still(() => list.search()),
  });

  wide.addEventListener("change", fold);
  settle();
  vitrinaWork.hold();
})();
