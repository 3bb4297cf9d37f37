// The list of cases beside the text: which is open, stepping through it, selecting rows, and renewing it now and then.
window.vitrinaList = (function () {
  "use strict";
  const LIST = 15000, SOON = 250; // ms
  const { area, find, every, visible, busy } = vitrinaWork;
  const rows = () => every("[data-row]");
  const boxes = () => every("[data-pick]");
  const current = () => rows().findIndex((row) => row.hasAttribute("aria-current"));
  const idOf = (box) => box.value.split(":")[0];
  let selected = new Set();
  let anchor = null;     // where a selection with Shift begins
  let scroll = 0;
  let openFirst = "";    // which row of the page that was asked for is to be opened
  let timer = 0;

  function showSelection() {
    boxes().forEach((box) => {
      box.checked = selected.has(idOf(box));
      box.closest("li").classList.toggle("picked", box.checked);
    });
    const shown = boxes().filter((box) => box.checked).length;
    find("#queue").classList.toggle("selecting", shown > 0);
    every("[data-count]").forEach((count) => { count.textContent = shown || ""; });
  }
  function clear() { selected = new Set(); anchor = null; }
  function pick(box, on) { if (on) selected.add(idOf(box)); else selected.delete(idOf(box)); }
  function pickTo(box) {
    const list = boxes();
    const from = list.findIndex((one) => one.value === anchor), to = list.indexOf(box);
    if (from < 0) return pick(box, true);
    list.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => pick(one, true));
  }
  function choose(box, on, upTo) {
    if (upTo) pickTo(box); else pick(box, on);
    anchor = box.value;
    showSelection();
  }
  function renew() {
    const queue = find("#queue");
    if (!visible() || queue.contains(document.activeElement) || busy() || find("details[open]:not([data-narrowed], [data-standing])", queue)) return;
    const query = queue.dataset.query, item = queue.dataset.current;
    htmx.ajax("GET", `${area.dataset.rows}?${query}${query && "&"}item=${item}`, { target: "#queue", swap: "outerHTML" });
  }

  // An answer with a case alone leaves the list as it stood: its row is marked at once, what else changed comes soon.
  function follow() {
    const shown = find(".columns").dataset, queue = find("#queue"), here = find('#bulk input[name="here"]');
    if ("listKept" in shown) { clearTimeout(timer); timer = setTimeout(renew, SOON); }
    if (!shown.item || queue.dataset.current === shown.item) return;
    queue.dataset.current = shown.item;
    if (here) here.value = shown.item;
    find("form.search").action = shown.address;
    rows().forEach((row) => {
      const on = row.id === `row-${shown.item}`;
      row.closest("li").classList.toggle("current", on);
      if (on) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    });
  }

  document.body.addEventListener("htmx:configRequest", (event) => {
    const queue = find("#queue"); // beside a case; the page without one is another
    if (queue && queue.dataset.current) event.detail.headers["Vitrina-Listed"] = `?${queue.dataset.query}`;
  });
  area.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (box) choose(box, box.checked, event.shiftKey && box.checked);
  }, true);
  area.addEventListener("submit", (event) => { if (event.target.id === "bulk") setTimeout(clear); }, true);
  area.addEventListener("reset", (event) => { if (event.target.id === "bulk") { clear(); setTimeout(showSelection); } });
  area.addEventListener("change", (event) => { if (event.target.closest(".more-filters")) event.target.form.requestSubmit(); });
  document.body.addEventListener("htmx:beforeRequest", () => { const list = find("[data-rows]"); if (list) scroll = list.scrollTop; });
  setInterval(renew, LIST);

  return {
    /** The list was swapped: the selection and the place in it are kept. */
    settle() {
      follow();
      showSelection();
      const list = find("[data-rows]");
      if (list) list.scrollTop = scroll;
      const shown = rows()[current()];
      if (shown && list && list.scrollHeight > list.clientHeight) shown.closest("li").scrollIntoView({ block: "nearest" });
    },
    /** The list alone was swapped: nothing else is to come. */
    renewed() { delete find(".columns").dataset.listKept; this.settle(); },
    /** Open the first or last row where a step led to another page of the list. */
    openWanted() {
      if (!openFirst) return;
      const list = rows(), target = openFirst === "first" ? list[0] : list[list.length - 1];
      openFirst = "";
      if (target) target.click();
    },
    /** Open the case before or after this one. */
    step(by) {
      const list = rows(), at = current();
      const target = at < 0 ? (by > 0 ? list[0] : null) : list[at + by];
      if (target) return target.click();
      const page = find(by > 0 ? '[data-page="further"]' : '[data-page="back"]');
      if (!page || at < 0) return false;
      openFirst = by > 0 ? "first" : "last";
      page.click();
    },
    /** Whether the open case stands in the list as it is filtered. */
    shown: () => current() >= 0,
    /** Select the open case's row, or all up to it. */
    select(upTo) {
      const box = boxes()[current()];
      if (!box) return false;
      choose(box, !box.checked, upTo);
    },
    search() { find("#q").focus(); find("#q").select(); },
  };
})();
