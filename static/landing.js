// First nothing stays of the query and the fragment, then this page makes room for the next.
"use strict";
const to = document.currentScript.dataset.to;
history.replaceState(null, "", "/");
location.replace(to);
