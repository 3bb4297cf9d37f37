// Keys of a screen: places on the keyboard (event.code), so that every layout works; a person may move them or switch
// them off (WCAG 2.1.4). The list is in the page (desk/_keys.html); a screen says what its actions do:
//   vitrinaKeys.start({ approve: (event) => {…}, … })
// An action that returns false did not happen, and the key does what the browser does with it.
window.vitrinaKeys = (function () {
  "use strict";
  const dialog = () => document.getElementById("keys");
  const rows = () => Array.from(dialog().querySelectorAll("tr[data-action]"));
  const CAPS = { Slash: "/", Backslash: "\\", Comma: ",", Period: ".", Semicolon: ";", Quote: "'", Minus: "-", Equal: "=" };
  let actions = {};
  let changing = null;
  let kept = { off: false, codes: {} };

  const place = () => `vitrina-keys-${dialog().dataset.screen}`;
  function load() {
    try {
      const found = JSON.parse(localStorage.getItem(place()) || "{}");
      kept = { off: found.off === true, codes: found.codes || {} };
    } catch { /* a broken or forbidden store: the keys stay as they are at first */ }
  }
  function save() {
    try { localStorage.setItem(place(), JSON.stringify(kept)); } catch { /* kept until the page is left */ }
    show();
  }
  const codeOf = (row) => kept.codes[row.dataset.action] || row.dataset.code;
  const capOf = (code) => CAPS[code] || code.replace(/^(Key|Digit)/, "");
  const physical = (event) => event.code.replace(/^Numpad(\d)$/, "Digit$1");

  // Caps on buttons say the key that works, or nothing.
  function show(within) {
    if (!dialog()) return;
    const codes = new Map(rows().map((row) => [row.dataset.action, codeOf(row)]));
    (within || document).querySelectorAll("kbd[data-for]").forEach((cap) => {
      const code = codes.get(cap.dataset.for);
      if (code) cap.textContent = capOf(code);
      cap.hidden = kept.off && !dialog().contains(cap);
    });
    dialog().querySelector("[data-keys-on]").checked = !kept.off;
  }

  function typing(target) {
    return target instanceof Element
      && target.closest("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])") !== null;
  }
  function tell(words) { dialog().querySelector("[data-keys-told]").textContent = words; }

  function change(event) {
    event.preventDefault();
    const row = changing;
    const code = physical(event);
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    changing = null;
    if (code !== "Escape" && !/^(Key|Digit)/.test(code) && !CAPS[code]) return show();
    if (code === "Escape") { tell(""); return show(); }
    if (rows().some((other) => other !== row && codeOf(other) === code)) { tell(dialog().dataset.taken); return show(); }
    kept.codes[row.dataset.action] = code;
    tell(dialog().dataset.changed);
    save();
  }

  function pressed(event) {
    if (changing) return change(event);
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?" && !kept.off) { event.preventDefault(); return open(); }
    if (kept.off) return;
    const code = physical(event);
    if (event.shiftKey && code.startsWith("Digit")) return;  // a sign is meant, "!" or "№"
    const row = rows().find((one) => codeOf(one) === code);
    const act = row && actions[row.dataset.action];
    if (act && act(event) !== false) event.preventDefault();
  }

  function open() { if (!dialog().open) { tell(""); dialog().showModal(); } }
  function wire() {
    load();
    show();
    document.querySelectorAll("[data-keys-open]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", open);
    });
    dialog().addEventListener("click", (event) => {
      if (event.target.closest("[data-keys-close]")) return dialog().close();
      if (event.target.closest("[data-keys-reset]")) { kept = { off: false, codes: {} }; return save(); }
      const button = event.target.closest("[data-key-change]");
      if (!button) return;
      changing = button.closest("tr");
      changing.querySelector("kbd").textContent = "…";
      tell(dialog().dataset.press);
    });
    dialog().addEventListener("close", () => { changing = null; show(); });
    dialog().querySelector("[data-keys-on]").addEventListener("change", (event) => {
      kept.off = !event.target.checked;
      save();
    });
    document.addEventListener("keydown", pressed);
    document.addEventListener("htmx:load", (event) => show(event.target));
  }

  return {
    /** Obey the keys; call it once, when the page stands. */
    start(does) { actions = does; wire(); },
    /** Whether an event comes from a field in which people write. */
    typing,
  };
})();
