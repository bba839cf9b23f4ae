// A GP enrols somebody: the whole beginning of the pathway, seen on the diagram.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, settled, sound } from "../support/browser.mjs";
import { answer, complete, hasToken, openTask, startPathway, tokens } from "../support/work.mjs";

const PATIENT = "paz-057";
const CRITERIA = "Raccogliere i criteri di arruolamento";
const CONSENT = "Informare e raccogliere il consenso";
const PLAN = "Condividere il piano di cura";

test("a GP starts the pathway, is helped with a wrong form, and sees the token move", () =>
  as("mmg.rossi", { expected: ["status of 422"] }, async (page) => {
    const pathway = await startPathway(page, PATIENT);
    await hasToken(page, CRITERIA);

    await openTask(page, PATIENT, CRITERIA);
    await page.getByLabel("Età (anni compiuti)").fill("999");
    await page.getByLabel("HbA1c", { exact: true }).fill("sessanta");
    await page.getByLabel("Note").fill("Prima visita");
    await page.getByRole("button", { name: "Salva e completa" }).click();
    const summary = page.locator(".sf-summary");
    await summary.waitFor();
    assert.ok(await summary.evaluate((box) => box === document.activeElement), "the summary takes the focus");
    assert.equal(await summary.getByRole("link").count(), 2, "two fields are wrong");
    assert.equal(await page.getByLabel("Età (anni compiuti)").inputValue(), "999", "what was typed is still there");
    assert.equal(await page.getByLabel("HbA1c", { exact: true }).inputValue(), "sessanta");
    assert.equal(await page.getByLabel("Note").inputValue(), "Prima visita");
    await summary.getByRole("link").first().click();
    assert.ok(await page.getByLabel("Età (anni compiuti)").evaluate((field) => field === document.activeElement), "a link of the summary leads to its field");
    await sound(page, "wrong form");
    await picture(page, "modulo-con-errori-desktop");

    await page.getByLabel("Età (anni compiuti)").fill("61");
    await page.getByLabel("HbA1c", { exact: true }).fill("62,5");
    await page.getByLabel("Data della HbA1c").fill("2026-11-02");
    await page.getByLabel("Diagnosi già registrata (ICD-9-CM)").selectOption({ label: "250.00 Diabete tipo 2 senza complicanze" });
    await complete(page, CRITERIA);

    await page.goto(pathway);
    await settled(page);
    await hasToken(page, CONSENT);
    assert.ok(!(await tokens(page)).includes(CRITERIA), "the token has left the first step");
    await page.getByText("Decisione: Valutare i criteri").waitFor();
    await page.getByText(/Regola ARR-\d+/).first().waitFor();
    assert.ok((await page.locator(".sf-token").count()) > 0, "the viewer shows the token too");
    await picture(page, "percorso-consenso-desktop");

    await page.goto(`/assistiti/${PATIENT}?valore=hba1c`);
    await page.locator(".sf-latest").getByRole("link", { name: /HbA1c 62,5 mmol\/mol/ }).waitFor();
  }));

test("with the consent and the shared plan, work reaches nurse, case manager and citizen", () =>
  as("mmg.rossi", async (page) => {
    await openTask(page, PATIENT, CONSENT);
    await answer(page, /è stato informato/, "Sì");
    await answer(page, /aderisce al percorso/, "Sì");
    await complete(page, CONSENT);
    await openTask(page, PATIENT, PLAN);
    await page.getByText(/^classe \d su 4$/).waitFor();
    await answer(page, /discusso e condiviso/, "Sì");
    await complete(page, PLAN);
    const todo = page.locator(".sf-todo").first();
    for (const name of ["Educazione terapeutica", "Presa in carico del case manager", "Questionario iniziale"]) {
      await todo.getByText(name).waitFor();
    }
  }));

test("the nurse takes the education task and completes it", () =>
  as("infermiera.esposito", async (page) => {
    const name = "Educazione terapeutica";
    await openTask(page, PATIENT, name);
    await page.getByRole("button", { name: "Prendi in carico" }).click();
    await page.getByRole("status").filter({ hasText: "presa in carico" }).waitFor();
    await page.getByLabel("individuale", { exact: false }).first().check();
    await page.getByLabel("buona", { exact: false }).first().check();
    await page.getByLabel(/^Data/).fill("2026-11-20");
    await complete(page, name);
    await page.locator(".sf-timeline").getByText(name).first().waitFor();
    assert.equal(await page.locator(".sf-todo").getByText(name).count(), 0, "it is not to be done any more");
  }));

test("nobody is started twice on the same pathway", () =>
  as("mmg.rossi", async (page) => {
    await page.goto(`/assistiti/${PATIENT}/percorsi/nuovo`);
    await page.getByText("Percorsi già in corso").waitFor();
    await page.getByRole("radio", { name: "PDTA diabete tipo 2 dell'adulto" }).check();
    await page.getByRole("button", { name: "Avvia un percorso" }).click();
    await page.getByText("Questo percorso è già in corso").waitFor();
  }));
