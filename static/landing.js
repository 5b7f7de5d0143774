// First nothing stays of the query and the fragment, then this page makes room for the next.
"use strict";
const { to, rest } = document.currentScript.dataset;
history.replaceState(null, "", rest);
location.replace(to);
