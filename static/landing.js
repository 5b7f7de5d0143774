// First nothing stays of the query and the fragment, then this page makes room for the next.
"use strict";
const { to, rest } = document.currentScript.dataset;
history.replaceState(null, "", rest);
const goOn = () => location.replace(to);
if (rest === to) {
  // The next page takes a while: browsers paint nothing more once they are on their way to it.
  addEventListener("load", () => setTimeout(goOn, 100));
} else {
  goOn();
}
