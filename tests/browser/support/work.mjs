// Steps that several scenarios take.
import assert from "node:assert/strict";

/** Starts the diabetes pathway for a person and stands on the pathway's page. */
export async function startPathway(page, patient) {
  await page.goto(`/assistiti/${patient}/percorsi/nuovo`);
  await page.getByRole("radio", { name: "PDTA diabete tipo 2 dell'adulto" }).check();
  await page.getByRole("button", { name: "Avvia un percorso" }).click();
  await page.getByRole("status").filter({ hasText: "Percorso avviato" }).waitFor();
  return new URL(page.url()).pathname;
}

/** Opens the open task of this name on a person's page. */
export async function openTask(page, patient, name) {
  await page.goto(`/assistiti/${patient}`);
  await page.locator(".sf-todo").getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Ticks a yes/no question. */
export async function answer(page, question, choice) {
  await page.getByRole("group", { name: question }).getByLabel(choice, { exact: true }).check();
}

/** Sends the form and expects the message that names the task. */
export async function complete(page, name) {
  await page.getByRole("button", { name: "Salva e completa" }).click();
  await page.getByRole("status").filter({ hasText: `Attività completata: ${name}` }).waitFor();
}

/** Names of the elements that hold a token in the drawings of the page. */
export async function tokens(page) {
  return page.locator(".sf-legend li").evaluateAll((items) => items.map((item) => item.textContent.replace(/^\s*\d+\s*/, "").trim()));
}

export async function hasToken(page, name) {
  const names = await tokens(page);
  assert.ok(names.includes(name), `a token on "${name}"; there are: ${names.join(", ")}`);
}
