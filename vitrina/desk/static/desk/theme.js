// The theme follows the system unless the person chose one; set before the page is painted.
(function () {
  "use strict";
  const root = document.documentElement;
  root.classList.add("scripted");
  const saved = localStorage.getItem("vitrina-theme");
  if (saved) root.dataset.theme = saved;
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-theme-switch]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        const dark = root.dataset.theme
          ? root.dataset.theme === "dark"
          : matchMedia("(prefers-color-scheme: dark)").matches;
        root.dataset.theme = dark ? "light" : "dark";
        localStorage.setItem("vitrina-theme", root.dataset.theme);
      });
    });
  });
})();
