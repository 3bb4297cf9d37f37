// Milliseconds during which a pair was in view and the person there: hidden tabs and long silences do not count.
(function () {
  "use strict";
  const SILENCE = 60000; // without a key, a pointer or a scroll for so long, nobody is reading
  let total = 0;
  let since = null;
  let touched = 0;

  function settle() {
    const now = performance.now();
    if (since !== null) total += Math.max(0, Math.min(now, touched + SILENCE) - since);
    since = document.visibilityState === "visible" ? now : null;
    return now;
  }
  function touch() {
    touched = settle();
  }
  for (const name of ["keydown", "pointerdown", "pointermove", "wheel", "touchmove"]) {
    document.addEventListener(name, touch, { capture: true, passive: true });
  }
  document.addEventListener("scroll", touch, { capture: true, passive: true });
  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState === "visible") touch();
    else settle();
  });
  window.vitrinaClock = {
    start: function () {
      total = 0;
      since = null;
      touch();
    },
    read: function () {
      settle();
      return Math.round(total);
    },
  };
})();
