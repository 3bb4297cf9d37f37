// Keys, focus and messages of the comparison screen. Physical keys (event.code), so that the Russian layout works.
(function () {
  "use strict";
  const BEAT = 60000; // ms between signs of life; a pair is held for ten minutes
  const root = document.querySelector("[data-compare]");
  const said = document.getElementById("said");
  const rules = document.getElementById("rules");
  const phone = matchMedia("(max-width: 47.4375em)"); // as in the style sheet
  let busy = false;
  let confirmed = false;
  let pressed = null; // the answer that was sent last, to send it again
  let opener = null; // where focus was before the rules opened
  let retry = null;

  const work = () => document.getElementById("work");
  const form = () => document.querySelector("[data-decision]");
  const token = () => work().dataset.token;
  const draftName = () => `vitrina-pair-${token()}`;
  const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;

  const message = () => new URLSearchParams({ csrfmiddlewaretoken: csrf(), token: token() || "" });
  function tell(address) {
    return fetch(address, { method: "POST", body: message(), credentials: "same-origin" }).catch(() => {});
  }
  const beat = () => { if (document.visibilityState === "visible" && work().dataset.mode === "pair") tell(root.dataset.beat); };

  // A page that was left gives its pair back; another window with the same pair, or the page loaded again, keeps it.
  const windows = "BroadcastChannel" in window ? new BroadcastChannel("vitrina-leases") : null;
  if (windows) windows.onmessage = (event) => { if (event.data === token()) setTimeout(beat, 500); };
  window.addEventListener("pagehide", function () {
    if (!token()) return;
    if (windows) windows.postMessage(token());
    navigator.sendBeacon(root.dataset.left, message());
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // A new pair, a card or an explanation stands on the screen.
  function arrived(first) {
    const shown = work();
    busy = false;
    confirmed = false;
    pressed = null;
    clearTimeout(retry);
    window.vitrinaClock.start();
    said.textContent = shown.dataset.said;
    fold();
    restore();
    if (shown.dataset.mode === "pair") {
      if (!first) focusText();
      setTimeout(() => { if (token() && !busy) tell(root.dataset.ahead); }, 400);
    } else if (shown.dataset.mode === "explained") {
      shown.querySelector("[data-next]").focus();
    } else if (shown.dataset.retry) {
      retry = setTimeout(() => { location.reload(); }, Number(shown.dataset.retry) * 1000);
    }
    if (!first) scrollTo(0, 0); // where the page itself scrolls
  }
  function focusText() {
    const text = document.getElementById("text-a");
    if (text) text.focus({ preventScroll: phone.matches });
  }
  function fold() {
    for (const part of document.querySelectorAll(".why, .others")) part.open = !phone.matches;
  }
  phone.addEventListener("change", fold);

  // What was typed outlives a reload and a new sign-in: kept in this tab, by the pair's token.
  function keep() {
    const data = new FormData(form());
    sessionStorage.setItem(draftName(), JSON.stringify([data.get("comment"), data.getAll("reasons")]));
  }
  function restore() {
    const kept = form() && sessionStorage.getItem(draftName());
    if (!kept) return;
    const [comment, reasons] = JSON.parse(kept);
    form().elements.comment.value = comment;
    form().querySelectorAll("[name=reasons]").forEach((box) => { box.checked = reasons.includes(box.value); });
  }
  document.addEventListener("input", function (event) {
    if (form() && form().contains(event.target)) keep();
  });

  // Answers. On pairs that ask for reasons an answer is chosen first and sent by Enter.
  document.addEventListener("submit", function (event) {
    const sent = event.submitter;
    if (event.target !== form() || !sent) return;
    if (busy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const answer = sent.classList.contains("answer");
    if (answer && "rationale" in form().dataset && !confirmed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      choose(sent);
      return;
    }
    pressed = sent;
    form().elements.active_ms.value = String(window.vitrinaClock.read());
  }, true);

  function choose(button) {
    for (const one of form().querySelectorAll(".answer")) one.setAttribute("aria-pressed", String(one === button));
    for (const side of document.querySelectorAll("[data-side]")) {
      side.classList.toggle("chosen", side.dataset.side === button.value);
    }
    form().querySelector(".confirm").hidden = false;
    form().querySelector(".why").open = true;
    form().querySelector("[name=reasons]").focus();
  }
  const chosen = () => form() && form().querySelector('.answer[aria-pressed="true"]');
  function send() {
    confirmed = true;
    chosen().click();
  }
  document.addEventListener("click", function (event) {
    const target = event.target;
    if (target.closest("[data-confirm]") && chosen()) send();
    if (target.closest("[data-rules]")) {
      event.preventDefault();
      toggleRules();
    }
    if (target.closest("[data-close]")) toggleRules(false);
    if (target.closest("[data-send-again]") && pressed) {
      confirmed = true;
      pressed.click();
    }
    if (target.closest("[data-reload]")) location.reload();
  });

  function toggleRules(open = rules.hidden) {
    if (open) opener = document.activeElement;
    rules.hidden = !open;
    if (open) rules.focus();
    else if (opener && opener.isConnected && opener !== document.body) opener.focus();
    else focusText();
  }

  // htmx: what went wrong is said where the answer was given, and nothing typed is touched.
  document.body.addEventListener("htmx:beforeRequest", () => { busy = true; });
  document.body.addEventListener("htmx:afterRequest", function (event) {
    if (event.detail.failed || !event.detail.successful) { busy = false; confirmed = false; }
  });
  document.body.addEventListener("htmx:beforeSwap", function (event) {
    const detail = event.detail;
    if (detail.xhr.status >= 400 && detail.xhr.getResponseHeader("HX-Retarget")) {
      detail.shouldSwap = true;
      detail.isError = false;
    } else if (detail.xhr.status === 200 && token() && detail.requestConfig.elt === form()) {
      sessionStorage.removeItem(draftName());
    }
  });
  document.body.addEventListener("htmx:beforeOnLoad", function (event) {
    // Signed out: htmx would go to the sign-in page and lose what is typed here. Loading again comes back to this pair.
    if (event.detail.xhr.status !== 401) return;
    event.preventDefault();
    problem(root.dataset.saySignedOut, root.dataset.sayReload, "reload");
  });
  document.body.addEventListener("htmx:afterSettle", function (event) {
    if (event.detail.target && event.detail.target.id === "problem") {
      busy = false;
      const next = document.querySelector("#problem a");
      if (next) next.focus();
    } else if (event.detail.elt && event.detail.elt.id === "work") {
      arrived(false);
    }
  });
  document.body.addEventListener("htmx:sendError", () => problem(root.dataset.sayOffline, root.dataset.sayAgain, "sendAgain"));
  document.body.addEventListener("htmx:timeout", () => problem(root.dataset.sayOffline, root.dataset.sayAgain, "sendAgain"));
  document.body.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status === 403) problem(root.dataset.saySignedOut, root.dataset.sayReload, "reload");
    else problem(root.dataset.sayFailed, root.dataset.sayAgain, "sendAgain");
  });
  function problem(words, label, action) {
    const place = document.getElementById("problem") || document.getElementById("saved");
    const box = document.createElement("div");
    box.className = "problem";
    box.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = words;
    box.append(text);
    if (pressed || action === "reload") {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset[action] = "";
      button.textContent = label;
      box.append(button);
      place.replaceChildren(box);
      button.focus();
    } else {
      place.replaceChildren(box);
    }
    busy = false;
  }

  // Keys: those of one letter or digit are listed in the page and may be moved or switched off (desk/keys.js).
  document.addEventListener("keydown", function (event) {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (document.querySelector("dialog[open]")) return;
    const target = event.target;
    const enter = event.code === "Enter" || event.code === "NumpadEnter";
    if (event.code === "Escape") {
      if (vitrinaKeys.typing(target)) focusText();
      else if (!rules.hidden) toggleRules(false);
      else closeReport();
    } else if (enter && (vitrinaKeys.typing(target) || !target.closest("button, a, summary"))) {
      event.preventDefault();
      if (chosen()) send();
      else if (vitrinaKeys.typing(target)) focusText();
      else press("[data-next]");
    } else if (!vitrinaKeys.typing(target) && ["ArrowLeft", "ArrowRight"].includes(event.code)) {
      if (press(event.code === "ArrowLeft" ? ".answer.to-left" : ".answer.to-right")) event.preventDefault();
    }
  });
  const acts = {
    skip: () => press("[data-skip]"),
    report: () => into("[data-report] > summary", true),
    undo: () => press("[data-undo]") || undoByForm(),
    comment: () => into("input[name=comment]"),
    rules: () => toggleRules(),
  };
  ["left", "same", "bad", "right"].forEach(function (answer, at) {
    acts[answer] = () => press(document.querySelector("[data-report][open]")
      ? `[data-report] [data-number="${at + 1}"]` : `.answer.to-${answer}`);
  });
  for (const reason of ["accuracy", "completeness", "clarity", "language", "tone"]) {
    acts[reason] = () => press(`[name=reasons][value="${reason}"]`);
  }
  for (const [name, act] of Object.entries(acts)) {
    acts[name] = (event) => (event.shiftKey ? false : act());
  }
  function press(selector) {
    const found = document.querySelector(selector);
    if (!found || busy) return Boolean(found);
    unfold(found);
    found.click();
    return true;
  }
  function unfold(element) {
    const folded = element.closest(".why, .others");
    if (folded) folded.open = true;
  }
  function undoByForm() {
    const undo = document.getElementById("undo-form");
    if (undo && !busy) undo.requestSubmit();
    return Boolean(undo);
  }
  function into(selector, click) {
    const found = document.querySelector(selector);
    if (!found) return false;
    unfold(found);
    if (click) found.click();
    found.focus();
    return true;
  }
  function closeReport() {
    const report = document.querySelector("[data-report][open]");
    if (report) report.open = false;
    focusText();
  }

  setInterval(beat, BEAT);
  vitrinaKeys.start(acts);
  arrived(true);
  if (token()) { setTimeout(beat, 300); setTimeout(beat, 3000); } // its former self may just have given the pair back
})();
