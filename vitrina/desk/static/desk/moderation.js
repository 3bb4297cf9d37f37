// Keys of the moderation screen. Physical keys (event.code), so that the Russian layout works.
(function () {
  "use strict";
  const rows = Array.from(document.querySelectorAll("[data-row]"));
  const current = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  if (current >= 0) rows[current].scrollIntoView({ block: "nearest" });
  const bar = document.querySelector("[data-bar]");
  const reasons = document.querySelector("[data-reasons]");

  function typing(target) {
    return target.closest("textarea, select, input:not([type=checkbox]):not([type=radio])");
  }
  function go(step) {
    const next = current < 0 ? rows[0] : rows[current + step];
    if (next) next.click();
  }
  function press(value) {
    const button = bar && bar.querySelector(`button[value="${value}"]`);
    if (button && !button.disabled) button.click();
  }

  if (reasons) {
    const reject = reasons.querySelector('button[value="reject"]');
    const boxes = Array.from(reasons.querySelectorAll('input[type="checkbox"]'));
    const settle = () => { reject.disabled = !boxes.some((box) => box.checked); };
    boxes.forEach((box) => box.addEventListener("change", settle));
    settle();
    reasons.addEventListener("toggle", () => { if (reasons.open) boxes[0].focus(); });
  }

  document.addEventListener("keydown", function (event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === "Escape") {
      if (typing(event.target)) event.target.blur();
      else if (reasons) reasons.open = false;
      return;
    }
    if (typing(event.target)) {
      if (event.code === "Enter" && reasons && reasons.open && reasons.contains(event.target)) {
        event.preventDefault();
        press("reject");
      }
      return;
    }
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code);
    if (reasons && reasons.open) {
      if (digit) {
        const box = reasons.querySelector(`[data-number="${digit[1]}"]`);
        if (box) box.click();
        event.preventDefault();
      } else if (event.code === "Enter") {
        event.preventDefault();
        press("reject");
      } else if (event.code === "KeyC") {
        event.preventDefault();
        reasons.querySelector('input[name="comment"]').focus();
      }
      return;
    }
    const acts = {
      KeyA: () => press("approve"),
      KeyW: () => press("reprocess"),
      KeyR: () => { if (reasons) reasons.open = true; },
      KeyJ: () => go(1),
      KeyK: () => go(-1),
      KeyD: () => follow('[data-tab="diff"]'),
      KeyP: () => follow('[data-tab="site"]'),
      Slash: () => document.getElementById("q").focus(),
    };
    if (acts[event.code] && !event.shiftKey) {
      event.preventDefault();
      acts[event.code]();
    }
  });
  function follow(selector) {
    const link = document.querySelector(selector);
    if (link) link.click();
  }
})();
