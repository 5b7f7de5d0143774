// Strips query and fragment from the address bar and from history, then continues.
"use strict";
const { to, rest } = document.currentScript.dataset;
history.replaceState(null, "", rest);
const goOn = () => location.replace(to);
if (rest === to) {
  // The next page is slow, and browsers stop painting once they navigate: paint this page first.
  addEventListener("load", () => setTimeout(goOn, 100));
} else {
  goOn();
}
