// Everything works without JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture } from "../support/browser.mjs";
import { complete, hasToken, openTask, startPathway } from "../support/work.mjs";

const PATIENT = "paz-049";
const CRITERIA = "Raccogliere i criteri di arruolamento";

test("without scripts a GP finds a person, starts the pathway and completes a task", () =>
  as("mmg.rossi", { javaScriptEnabled: false, expected: ["status of 422"] }, async (page) => {
    await page.goto("/assistiti?lista=tutti");
    await page.getByLabel("Cerca un assistito").fill("Carmela De Luca");
    await page.getByRole("button", { name: "Cerca" }).click();
    await page.getByRole("link", { name: "De Luca Carmela" }).waitFor();

    const pathway = await startPathway(page, PATIENT);
    assert.ok(await page.locator(".sf-diagram svg").first().isVisible(), "the drawing is there without scripts");
    await openTask(page, PATIENT, CRITERIA);
    await page.getByLabel("Età (anni compiuti)").fill("");
    await page.getByRole("button", { name: "Salva e completa" }).click();
    await page.locator(".sf-summary").waitFor();
    await page.getByLabel("Età (anni compiuti)").fill("58");
    await page.getByLabel("Diagnosi già registrata (ICD-9-CM)").selectOption({ label: "250.00 Diabete tipo 2 senza complicanze" });
    await complete(page, CRITERIA);
    await page.goto(pathway);
    await hasToken(page, "Informare e raccogliere il consenso");
    await picture(page, "senza-javascript-desktop");
    await page.getByRole("button", { name: "Esci" }).click();
    await page.getByText("Sei uscito").waitFor();
  }));
