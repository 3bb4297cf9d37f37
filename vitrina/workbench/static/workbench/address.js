// A request that was just handed in has an address of its own: loading the page again must not send the file again.
"use strict";
history.replaceState(null, "", document.currentScript.dataset.address);
