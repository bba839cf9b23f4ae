// Taking, giving back and handing over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, sound } from "../support/browser.mjs";
import { openTask, startPathway } from "../support/work.mjs";

const PATIENT = "paz-053";
const CRITERIA = "Raccogliere i criteri di arruolamento";

test("a GP takes a task, gives it back, takes it again and hands it over with a reason", () =>
  as("mmg.rossi", async (page) => {
    const pathway = await startPathway(page, PATIENT);
    await openTask(page, PATIENT, CRITERIA);
    const task = new URL(page.url()).pathname;
    await page.getByRole("button", { name: "Prendi in carico" }).click();
    await page.getByRole("status").filter({ hasText: "Attività presa in carico" }).waitFor();
    await page.goto("/attivita?vista=mie");
    assert.equal(await page.locator(`tbody a[href="${task}"]`).count() > 0, true, "it is among mine");

    await page.goto(task);
    await page.getByRole("button", { name: "Restituisci" }).click();
    await page.getByRole("status").filter({ hasText: "restituita" }).waitFor();
    await page.goto("/attivita?vista=ruolo&assistiti=tutti");
    const row = page.getByRole("row").filter({ has: page.locator(`a[href="${task}"]`) });
    await row.getByRole("button", { name: /Prendi in carico/ }).click();
    await page.getByRole("status").filter({ hasText: "Attività presa in carico" }).waitFor();

    await page.getByText("Assegna a un collega", { exact: true }).first().click();
    await page.getByLabel("A chi").selectOption({ label: "De Angelis Silvia" });
    await page.getByLabel("Perché").fill("Ferie dal 1 dicembre");
    await sound(page, "handing over");
    await page.getByRole("button", { name: "Assegna a un collega" }).click();
    await page.getByRole("status").filter({ hasText: "Attività assegnata" }).waitFor();

    await page.goto(task);
    await page.getByText("in carico a un'altra persona").waitFor();
    assert.equal(await page.getByRole("button", { name: "Salva e completa" }).count(), 0);
    await page.goto(pathway);
    await page.getByText("Ferie dal 1 dicembre").waitFor();
  }));

test("the colleague finds it among theirs", () =>
  as("mmg.deangelis", async (page) => {
    await page.goto("/attivita?vista=mie");
    await page.locator("tbody").getByRole("link", { name: CRITERIA }).first().waitFor();
    await openTask(page, PATIENT, CRITERIA);
    await page.getByRole("button", { name: "Salva e completa" }).waitFor();
  }));

test("whoever has another role may read a task, not do it", () =>
  as("infermiera.esposito", async (page) => {
    await openTask(page, PATIENT, CRITERIA);
    assert.equal(await page.getByRole("button", { name: "Salva e completa" }).count(), 0);
    assert.equal(await page.getByRole("button", { name: "Prendi in carico" }).count(), 0);
  }));

test("a request without a reason is not sent", () =>
  as("mmg.rossi", async (page) => {
    await page.goto("/assistiti/paz-001");
    await page.locator(".sf-pathway h3 a").click();
    await page.getByText("Chiudi il percorso", { exact: true }).first().click();
    await page.getByRole("button", { name: "Chiudi il percorso" }).click();
    const field = page.locator('details[open] input[name="motivo"]');
    assert.ok(await field.evaluate((input) => !input.validity.valid), "the browser asks for it");
    const csrf = await page.locator('input[name="_csrf"]').first().inputValue();
    const path = new URL(page.url()).pathname;
    const answer = await page.request.post(`${path}/messaggio`, { form: { _csrf: csrf, nome: "uscita-richiesta", motivo: " " }, headers: { accept: "text/html" } });
    assert.equal(answer.status(), 422);
  }));
