// The moderation screen's #work and the server behind it: the lease of the case on the screen, the time it is in view, and
// what is said where an answer does not come. The list and the text lie in files of their own; moderation.js joins them.
window.vitrinaWork = (function () {
  "use strict";
  const BEAT = 60000; // ms
  const area = document.getElementById("work");
  const find = (selector, root) => (root || area).querySelector(selector);
  const every = (selector, root) => Array.from((root || area).querySelectorAll(selector));
  const visible = () => document.visibilityState === "visible";
  let asked = null; // the last request for what stands in #work
  const awaited = () => asked !== null && asked.readyState > 0 && asked.readyState < 4;
  const busy = () => awaited() || document.querySelector("dialog[open]") !== null;
  let token = null; // of the lease on the screen
  let activeMs = 0, seenAt = Date.now();

  function form(values) {
    const data = new FormData();
    const csrf = find("input[name=csrfmiddlewaretoken]").value;
    Object.entries({ csrfmiddlewaretoken: csrf, ...values }).forEach(([name, value]) => data.set(name, value));
    return data;
  }
  const post = (address, values) => fetch(address, { method: "POST", body: form(values), headers: { "HX-Request": "true" } });
  function say(words) {
    const place = find("#problem");
    if (!place) return;
    const line = document.createElement("p");
    line.className = "problem";
    line.textContent = words;
    place.replaceChildren(line);
    place.focus();
  }
  function focusTitle() { const title = find("#item-title"); if (title) title.focus({ preventScroll: true }); }

  // ---------------------------------------------------------------- the lease
  async function beat() {
    if (!token || !visible()) return;
    const held = token;
    let answer;
    try { answer = await post(area.dataset.beat, { token: held }); } catch { return; } // the next one tells; what is typed stands in the page
    if (held !== token) return;
    if (answer.status === 200) {
      const until = find("[data-until] time");
      if (!until) return;
      until.dateTime = (await answer.json()).until;
      until.textContent = new Date(until.dateTime).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    } else if (answer.status === 409) say((await answer.json()).words);
    else if (answer.status === 401) say(area.dataset.signedOut);
    else if (answer.status === 403) say(area.dataset.forbidden);
  }
  const leave = (held) => navigator.sendBeacon(area.dataset.leave, form({ token: held }));
  const windows = "BroadcastChannel" in window ? new BroadcastChannel("vitrina-leases") : null;
  if (windows) windows.onmessage = (event) => { if (event.data === token) setTimeout(beat, 500); };

  // ---------------------------------------------------------------- the time with a case in view
  function countTime() {
    const now = Date.now();
    if (visible()) activeMs += now - seenAt;
    seenAt = now;
  }

  document.addEventListener("visibilitychange", () => { countTime(); if (visible()) beat(); });
  window.addEventListener("pagehide", () => { if (!token) return; if (windows) windows.postMessage(token); leave(token); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(beat, BEAT);

  // ---------------------------------------------------------------- answers that are none
  document.body.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target === area) asked = event.detail.xhr; });
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    // A list swapped under a link that was followed would take the link away before its answer has come.
    if (event.detail.target.id === "queue" && awaited()) event.detail.shouldSwap = false;
    // htmx leaves 4xx alone; these two carry a sentence for #problem.
    if (status === 409 || status === 422) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    // Signed out: htmx would go to the sign-in page and lose what is typed here.
    if (event.detail.xhr.status === 401) { event.preventDefault(); say(area.dataset.signedOut); }
  });
  document.body.addEventListener("htmx:responseError", (event) => {
    const words = { 403: "forbidden", 404: "gone" }[event.detail.xhr.status] || "failed";
    say(area.dataset[words]);
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.body.addEventListener(name, () => say(area.dataset.offline)));

  return {
    area, find, every, visible, busy, post, focusTitle,
    /** A case was swapped in, or none: its lease is the one to keep, and its time begins. */
    settle() {
      const lease = find('#decide input[name="token"]');
      const next = lease ? lease.value : null;
      if (token && !next) leave(token); // taking another case gave this one back already
      token = next;
      activeMs = 0;
      seenAt = Date.now();
    },
    /** A page loaded again: its former self just gave the case back. */
    hold() { if (token) { setTimeout(beat, 300); setTimeout(beat, 3000); } },
    /** Milliseconds for which the case was in view. */
    activeMs() { countTime(); return activeMs; },
  };
})();
