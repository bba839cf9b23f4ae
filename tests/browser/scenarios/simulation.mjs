// Simulating a pathway: proposed from history, played, and still there after a restart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound, WIDTHS } from "../support/browser.mjs";
import { server } from "../support/server.mjs";

test("a simulation is proposed from history, played, and kept over a restart", () =>
  as("casemanager.ferrara", async (page) => {
    await page.goto("/simulazioni/nuova?percorso=diabete-tipo-2");
    await page.getByText("Istanze osservate:").waitFor();
    const english = await page.locator("main .sf-quiet").filter({ hasText: /instances|capacities|branches/i }).count();
    assert.equal(english, 0, "the notes are in Italian");
    await sound(page, "simulation form");
    await picture(page, "simulazione-modulo-desktop");
    await page.getByLabel("Nome dello scenario").fill("Prova del navigatore");
    await page.getByLabel("Repliche").fill("2");
    await page.getByLabel("Durata (mesi)").fill("3");
    await page.getByRole("button", { name: "Esegui la simulazione" }).click();
    await page.getByRole("heading", { level: 1, name: "Prova del navigatore" }).waitFor();
    await page.locator("table").first().waitFor({ timeout: 120_000 });
    await sound(page, "simulation result");
    await picture(page, "simulazione-risultato-desktop");
    await page.setViewportSize(WIDTHS.phone);
    await sound(page, "simulation result on a phone");
    await picture(page, "simulazione-risultato-telefono");
    const address = new URL(page.url()).pathname;
    await server.kill();
    await server.serve();
    await page.goto(address);
    await page.getByRole("heading", { level: 1, name: "Prova del navigatore" }).waitFor();
    await page.locator("table").first().waitFor();
  }));
