// What a person is writing, kept in their browser until it is saved: a lost network or session loses no words.
window.vitrinaDrafts = (function () {
  "use strict";
  const PREFIX = "vitrina-draft-";
  const MOST = 30; // drafts; the oldest go first

  function all() {
    const found = [];
    for (let at = 0; at < localStorage.length; at += 1) {
      const name = localStorage.key(at);
      if (name.startsWith(PREFIX)) {
        try { found.push([name, JSON.parse(localStorage.getItem(name)).at || 0]); } catch { found.push([name, 0]); }
      }
    }
    return found.sort((one, other) => one[1] - other[1]);
  }
  return {
    /** Keep the values of a draft; a full or forbidden store keeps nothing, and the page says nothing of it. */
    keep(name, values) {
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify({ at: Date.now(), values }));
        all().slice(0, -MOST).forEach(([old]) => localStorage.removeItem(old));
      } catch { /* the words still stand in the page */ }
    },
    find(name) {
      try { return (JSON.parse(localStorage.getItem(PREFIX + name)) || {}).values || null; } catch { return null; }
    },
    drop(name) {
      try { localStorage.removeItem(PREFIX + name); } catch { /* nothing was kept */ }
    },
  };
})();
