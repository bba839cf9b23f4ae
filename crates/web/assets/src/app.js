// Every page works without this file. It makes some of them nicer.
import htmx from "htmx.org/dist/htmx.esm.js";

window.htmx = htmx;

// A form that was sent is not sent twice by an impatient second click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "get") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  for (const button of form.querySelectorAll('button[type="submit"]')) button.setAttribute("aria-disabled", "true");
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Reports and messages that appeared take the focus, so that they are read out.
document.querySelector("[data-focus]")?.focus();

// <select data-autosubmit>: filters apply at once; the button beside it is for those without scripts.
for (const field of document.querySelectorAll("[data-autosubmit]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
  field.form.querySelector("[data-nojs]")?.setAttribute("hidden", "");
}

// <button data-print>: prints the page.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
