// Shows and hides the questions that depend on others (data-when) while one types. The server decides again when the
// form arrives, so nothing here is trusted.
const conditional = [...document.querySelectorAll("[data-when]")];

function answers(name) {
  const given = [];
  for (const field of document.getElementsByName(name)) {
    if (field.closest("[data-when][hidden]")) continue;
    if ((field.type === "radio" || field.type === "checkbox") && !field.checked) continue;
    const text = field.value.trim();
    if (text) given.push(text);
  }
  return given;
}

const number = (text) => Number(String(text).replace(",", "."));

function holds(rule) {
  const given = answers(rule.q);
  if (rule.op === "exists") return rule.v === given.length > 0;
  const same = (text) =>
    typeof rule.v === "number" ? number(text) === rule.v : text === String(rule.v);
  if (rule.op === "=") return given.some(same);
  if (rule.op === "!=") return given.length > 0 && !given.some(same);
  return given.some((text) => {
    const [a, b] = typeof rule.v === "number" ? [number(text), rule.v] : [text, String(rule.v)];
    if (Number.isNaN(a)) return false;
    return { ">": a > b, "<": a < b, ">=": a >= b, "<=": a <= b }[rule.op];
  });
}

function update() {
  // Hiding one question may hide the next: as many rounds as there are questions settle it.
  for (let round = 0; round <= conditional.length; round++) {
    let changed = false;
    for (const item of conditional) {
      const rules = JSON.parse(item.dataset.when);
      const shown = item.dataset.whenJoin === "any" ? rules.some(holds) : rules.every(holds);
      if (item.hidden === shown) {
        item.hidden = !shown;
        changed = true;
      }
    }
    if (!changed) return;
  }
}

if (conditional.length > 0) {
  for (const hint of document.querySelectorAll("[data-when-hint]")) hint.hidden = true;
  document.addEventListener("input", update);
  document.addEventListener("change", update);
  update();
}
