// The frame of every page: messages that go by themselves, moments in the reader's own time zone.
(function () {
  "use strict";
  const STAYS = 6000; // ms; longer while the pointer or the focus is on the message

  function fade(toast) {
    let timer = 0;
    const stop = () => clearTimeout(timer);
    const start = () => { stop(); timer = setTimeout(() => toast.remove(), STAYS); };
    ["mouseenter", "focusin"].forEach((name) => toast.addEventListener(name, stop));
    ["mouseleave", "focusout"].forEach((name) => toast.addEventListener(name, start));
    start();
  }
  // Making a format takes longer than all that is formatted with it.
  const formats = {};
  function format(options) {
    const name = Object.keys(options).join();
    formats[name] = formats[name] || new Intl.DateTimeFormat(document.documentElement.lang, options);
    return formats[name];
  }
  function wire(root) {
    root.querySelectorAll(".toast:not([data-wired])").forEach((toast) => {
      toast.dataset.wired = "";
      const close = toast.querySelector("[data-close]");
      if (close) {
        close.hidden = !("stays" in toast.dataset);
        close.addEventListener("click", () => toast.remove());
      }
      if (!("stays" in toast.dataset)) fade(toast);
    });
    root.querySelectorAll("time[data-moment], time[data-clock]").forEach((time) => {
      const day = "moment" in time.dataset ? { day: "2-digit", month: "2-digit", year: "numeric" } : {};
      const exact = time.dataset.clock === "seconds" ? { second: "2-digit" } : {};
      time.textContent = format({ ...day, hour: "2-digit", minute: "2-digit", ...exact }).format(new Date(time.dateTime));
    });
  }
  // The header stays while htmx changes what stands below it: going on in another language goes on from there.
  document.addEventListener("htmx:pushedIntoHistory", (event) => {
    document.querySelectorAll("[data-page-shown]").forEach((next) => { next.value = event.detail.path; });
  });
  wire(document);
  document.addEventListener("htmx:load", (event) => wire(event.target.parentElement || event.target));
  document.addEventListener("htmx:oobAfterSwap", (event) => wire(event.target));
})();
