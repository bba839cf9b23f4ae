// Forms of a modeler: a start form with rows, a file, computed options and a table; a task whose form is missing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound, WIDTHS } from "../support/browser.mjs";

const PATIENT = "paz-037";
const START = `/assistiti/${PATIENT}/percorsi/nuovo/prova-modulo`;
const form = {
  type: "default",
  components: [
    { type: "text", id: "intro", text: "# Richiesta\nScrivi **tutto** quello che serve." },
    { type: "dynamiclist", path: "farmaci", label: "Farmaci", components: [
      { type: "textfield", key: "nome", label: "Nome del farmaco", validate: { required: true } },
      { type: "number", key: "dose", label: "Dose (mg)", validate: { min: 1, max: 500 } }] },
    { type: "select", key: "sede", label: "Sede", valuesExpression: "=[{label: \"Napoli\", value: \"na\"}, {label: \"Salerno\", value: \"sa\"}]" },
    { type: "textfield", key: "telefono", label: "Telefono", validate: { validationType: "phone" } },
    { type: "expression", key: "quanti", expression: "=count(farmaci)" },
    { type: "table", id: "orari", label: "Orari", dataSource: "=[{giorno: \"lunedì\", ora: 9}]", columns: [{ key: "giorno", label: "Giorno" }, { key: "ora", label: "Ora" }] },
    { type: "filepicker", key: "referto", label: "Referto", accept: ".pdf" },
  ],
};
const model = `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">
 <process id="prova-modulo" name="Prova dei moduli" isExecutable="true">
  <extensionElements><zeebe:userTaskForm id="modulo_iniziale">${JSON.stringify(form).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</zeebe:userTaskForm></extensionElements>
  <startEvent id="inizio"><extensionElements><zeebe:formDefinition formKey="camunda-forms:bpmn:modulo_iniziale"/></extensionElements></startEvent>
  <userTask id="verifica" name="Verificare la richiesta"><extensionElements><zeebe:assignmentDefinition candidateGroups="mmg"/><zeebe:formDefinition formId="che-manca"/><zeebe:priorityDefinition priority="90"/></extensionElements></userTask>
  <endEvent id="fine"/>
  <sequenceFlow id="f1" sourceRef="inizio" targetRef="verifica"/><sequenceFlow id="f2" sourceRef="verifica" targetRef="fine"/>
 </process>
</definitions>`;
const pdf = { name: "esami.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%prova") };
const script = { name: "esami.pdf", mimeType: "application/pdf", buffer: Buffer.from([0x4d, 0x5a, 0, 1]) };

test("a model with a start form is deployed", () =>
  as("amministratore", async (page) => {
    await page.goto("/modelli");
    await page.getByLabel("Nome del file").fill("prova-modulo.bpmn");
    await page.getByLabel("Contenuto").fill(model);
    await page.getByRole("button", { name: "Pubblica" }).click();
    await page.getByRole("status").filter({ hasText: "prova-modulo:1" }).waitFor();
  }));

const row = (page, n) => page.getByRole("group", { name: `Riga ${n}`, exact: true });

async function fillIn(page) {
  await page.goto(START);
  await page.getByText("Scrivi tutto quello che serve.").waitFor();
  await page.getByRole("cell", { name: "lunedì" }).waitFor();
  await row(page, 1).getByLabel("Nome del farmaco").fill("Metformina");
  await page.getByRole("button", { name: "Aggiungi una riga" }).click();
  assert.equal(await row(page, 1).getByLabel("Nome del farmaco").inputValue(), "Metformina", "what was typed stays");
  await row(page, 2).getByLabel("Nome del farmaco").fill("Insulina");
  await page.getByRole("button", { name: "Aggiungi una riga" }).click();
  await page.getByRole("button", { name: "Togli la riga 3" }).click();
  assert.equal(await row(page, 3).count(), 0);
}

test("a GP starts it by answering: rows, a file that is none, then a good one", () =>
  as("mmg.rossi", { expected: ["status of 422"] }, async (page) => {
    await fillIn(page);
    await row(page, 2).getByLabel("Dose (mg)").fill("900");
    await page.getByLabel("Telefono").fill("pronto");
    await page.getByLabel("Referto").setInputFiles(script);
    await page.getByRole("button", { name: "Avvia un percorso" }).click();
    const summary = page.locator(".sf-summary");
    await summary.waitFor();
    const said = await summary.innerText();
    assert.match(said, /«Dose \(mg\)»: il valore più alto ammesso è 500/);
    assert.match(said, /«Telefono»: scrivi nel formato \+39/);
    assert.match(said, /esami\.pdf non è di un tipo ammesso \(PDF\)/);
    await sound(page, "start form with errors");
    await picture(page, "modulo-iniziale-desktop");
    await page.setViewportSize(WIDTHS.phone);
    await sound(page, "start form on a phone");
    await picture(page, "modulo-iniziale-telefono");
    await page.setViewportSize(WIDTHS.desktop);
    await row(page, 2).getByLabel("Dose (mg)").fill("20");
    await page.getByLabel("Telefono").fill("081 1234567");
    await page.getByLabel("Sede").selectOption({ label: "Salerno" }).catch(() => page.getByLabel("Salerno").check());
    await page.getByLabel("Referto").setInputFiles(pdf);
    await page.getByRole("button", { name: "Avvia un percorso" }).click();
    await page.getByRole("status").filter({ hasText: "Percorso avviato" }).waitFor();
  }));

test("a task whose form is missing says so, can be put off, and is completed by who means it", () =>
  as("mmg.rossi", async (page) => {
    await page.goto("/attivita?vista=ruolo&assistiti=tutti&urgenza=si");
    await page.getByRole("link", { name: "Verificare la richiesta" }).first().click();
    await page.getByText("Il modulo «che-manca» di questa attività non è installato.").waitFor();
    await sound(page, "task without its form");
    await picture(page, "modulo-che-manca-desktop");
    await page.getByRole("button", { name: "Prendi in carico" }).click();
    await page.getByRole("status").filter({ hasText: "presa in carico" }).waitFor();
    await page.locator("summary").filter({ hasText: "Rimanda" }).click();
    await page.getByLabel("Da riprendere dal").fill("2099-01-31");
    await page.getByRole("button", { name: "Rimanda" }).click();
    await page.getByRole("status").filter({ hasText: "da riprendere dal 31/01/2099" }).waitFor();
    await page.goto("/attivita?vista=mie&ripresa=dopo");
    await sound(page, "tasks that were put off");
    await picture(page, "attivita-rimandate-desktop");
    await page.getByRole("link", { name: "Verificare la richiesta" }).first().click();
    await page.getByLabel("Completa senza modulo").check();
    await page.getByRole("button", { name: "Salva e completa" }).click();
    await page.getByRole("status").filter({ hasText: "Attività completata" }).waitFor();
  }));

test("without scripts rows come and go, too", () =>
  as("mmg.rossi", { javaScriptEnabled: false }, async (page) => {
    await fillIn(page);
    await page.getByRole("button", { name: "Avvia un percorso" }).click();
    await page.getByRole("status").filter({ hasText: "Percorso avviato" }).waitFor();
  }));
