// Deploying models from the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

const model = (body) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
 <process id="prova-pagina" name="Prova della pagina" isExecutable="true">
  <startEvent id="inizio"/>${body}
 </process>
</definitions>`;

async function deploy(page, name, text) {
  await page.goto("/modelli");
  await page.getByLabel("Nome del file").fill(name);
  await page.getByLabel("Contenuto").fill(text);
  await page.getByRole("button", { name: "Pubblica" }).click();
}

test("a refused model says where and why, and nothing typed is lost", () =>
  as("amministratore", { expected: ["status of 422"] }, async (page) => {
    const broken = model(`\n  <sequenceFlow id="f1" sourceRef="inizio" targetRef="manca"/>`);
    await deploy(page, "prova.bpmn", broken);
    const report = page.getByRole("alert");
    await report.filter({ hasText: "Il modello è stato rifiutato" }).waitFor();
    const finding = await report.getByRole("listitem").first().innerText();
    assert.match(finding, /prova\.bpmn, line 5/);
    assert.match(finding, /f1|manca/);
    assert.equal((await page.getByLabel("Contenuto").inputValue()).replaceAll("\r", ""), broken);
    assert.equal(await page.getByLabel("Nome del file").inputValue(), "prova.bpmn");
    await sound(page, "refused model");
    await picture(page, "modello-rifiutato-desktop");
    await deploy(page, "prova.bpmn", "questo non è XML");
    await report.filter({ hasText: "Il modello è stato rifiutato" }).waitFor();
  }));

test("a good model is deployed", () =>
  as("amministratore", async (page) => {
    await deploy(page, "prova.bpmn", model(`<sequenceFlow id="f1" sourceRef="inizio" targetRef="fine"/><endEvent id="fine"/>`));
    await page.getByRole("status").filter({ hasText: "Pubblicato: prova-pagina:1" }).waitFor();
    await page.getByRole("link", { name: "Prova della pagina" }).waitFor();
  }));
