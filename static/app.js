// Optional improvements: every page works without JavaScript.
"use strict";

// Submits the form once six digits are typed, once for each code.
let submitted = "";
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.id !== "code") return;
  const digits = field.value.normalize("NFKC").replace(/[\s\p{Pd}]/gu, "");
  if (/^\p{Nd}{6}$/u.test(digits) && digits !== submitted) {
    submitted = digits;
    field.form.requestSubmit();
  } else if (digits.length < 6) {
    submitted = "";
  }
});

// The countdown is a hint. The server's limit decides.
function countDown(button) {
  const until = Date.now() + Number(button.dataset.resendIn) * 1000;
  const wait = document.createElement("span");
  wait.className = "wait";
  const show = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0 || !button.isConnected) {
      wait.remove();
      button.hidden = false;
      return;
    }
    wait.textContent = `New code in ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    setTimeout(show, 250);
  };
  button.hidden = true;
  button.after(wait);
  show();
}

// Adds the reader's local time to relative times.
const localTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function enhance(root) {
  for (const button of root.querySelectorAll("[data-resend-in]:not([data-resend-in='0'])")) countDown(button);
  for (const time of root.querySelectorAll("time[datetime]")) time.title = localTime.format(new Date(time.dateTime));
  const wrong = root.querySelector("input[aria-invalid=true]");
  if (wrong) {
    wrong.focus();
    wrong.select();
  }
}

enhance(document);

// On a narrow screen the current tab may lie outside the visible part of its row.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

document.addEventListener("htmx:after:swap", () => {
  const card = document.getElementById("card");
  if (card) enhance(card);
});

// A request that never reached the server.
document.addEventListener("htmx:error", () => {
  const card = document.getElementById("card");
  if (!card) return;
  card.querySelector(".unreachable")?.remove();
  const notice = document.createElement("p");
  notice.className = "notice unreachable";
  notice.setAttribute("role", "alert");
  notice.textContent = "The server can’t be reached. Check your connection and try again.";
  card.querySelector(".lead")?.after(notice);
  submitted = "";
});

// A link to another site shows immediately that it was clicked, since that site may be slow.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-busy]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  link.dataset.rest = link.textContent;
  link.textContent = link.dataset.busy;
});
window.addEventListener("pageshow", () => {
  for (const link of document.querySelectorAll("a[data-rest]")) link.textContent = link.dataset.rest;
});

// Escape and a click elsewhere close the menu.
document.addEventListener("keydown", (event) => {
  const menu = document.querySelector(".menu[open]");
  if (event.key !== "Escape" || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  const menu = document.querySelector(".menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});
