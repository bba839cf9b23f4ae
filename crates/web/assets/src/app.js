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

// <div id data-refresh="2">: what changes by itself is read again every so many seconds while the page is looked at.
function refresh(place) {
  setTimeout(async () => {
    if (document.hidden || place.contains(document.activeElement)) return refresh(place);
    const answer = await fetch(location.href, { headers: { accept: "text/html" } }).catch(() => undefined);
    const text = answer?.ok ? await answer.text() : undefined;
    const fresh = text && new DOMParser().parseFromString(text, "text/html").getElementById(place.id);
    if (!fresh) return refresh(place);
    place.replaceWith(fresh);
    if (fresh.dataset.refresh) refresh(fresh);
  }, 1000 * Number(place.dataset.refresh));
}
for (const place of document.querySelectorAll("[data-refresh]")) refresh(place);

// <button data-print>: prints the page.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// <span data-countdown="instant">: an access that is open for a time says each second how long. Without scripts the page
// says the minute it ends.
function countdown(place) {
  const end = Date.parse(place.dataset.countdown);
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    if (left === 0) {
      place.textContent = `(${place.dataset.countdownOver})`;
      return;
    }
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    place.textContent = `(${hours > 0 ? `${hours}:` : ""}${two(Math.floor(left / 60) % 60)}:${two(left % 60)})`;
    setTimeout(tick, 1000);
  };
  if (Number.isFinite(end)) tick();
}
for (const place of document.querySelectorAll("[data-countdown]")) countdown(place);
