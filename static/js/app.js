// What HTML and Bootstrap do not do by themselves. Pages work without it.
"use strict";

// A second click while the first is on its way would send the form twice. (The server counts it once all the
// same; this spares the person the question whether it did.)
document.addEventListener("submit", (event) => {
  const form = event.target;
  if ("stays" in form.dataset) return; // what is downloaded leaves the page where it is
  if (form.dataset.sending) {
    event.preventDefault();
    return;
  }
  form.dataset.sending = "yes";
});

// Coming back with the browser's "back" shows the page as it was left: let its forms be sent again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sending]").forEach((form) => delete form.dataset.sending);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest ? event.target.closest("form") : null;
  if (form) delete form.dataset.sending;
});

// "/" goes to the search box, unless something is being typed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.getElementById("site-search");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

// Whoever logs out leaves nothing behind in the browser (desk.js keeps what has not reached the server).
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-logout]")) return;
  for (const key of Object.keys(localStorage)) if (key.startsWith("desk:")) localStorage.removeItem(key);
});

// After a refused form the keyboard starts at the list of errors, else at the first field that has one.
document.addEventListener("DOMContentLoaded", () => {
  const summary = document.querySelector("[data-error-summary]");
  const field = summary || document.querySelector("[aria-invalid='true'], .is-invalid");
  if (!field) return;
  if (summary) summary.tabIndex = -1;
  field.focus();
});
