import assert from "node:assert/strict";
import { test } from "node:test";
import { as } from "../support/browser.mjs";

// Words of the Italian frame: none may be left when the language is English. Names of steps and people stay Italian.
const ITALIAN = /\b(Attività|Assistito|Assistiti|Scadenza|scaduto|Percorsi in corso|Percorso di cura|Esci|Filtra|Cerca|Prendi in carico|Da fare|Cosa è successo|Valori nel tempo|Problemi|Nascita|Sesso|anni|Medico di medicina generale|Salva|Stampa|Software libero|Servizio sanitario|Apri|Ordina|Cronologia|Schema|Stato)\b/g;

test("everything around the data is English when asked, and stays so", () =>
  as("mmg.rossi", async (page) => {
    await page.getByRole("link", { name: "ENG" }).click();
    await page.getByRole("heading", { level: 1, name: "Tasks" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    const own = "h1, tbody, .sf-pathway h3 a, .sf-todo a, .sf-values dd, svg, .sf-legend, .sf-details, .sf-timeline, .sf-list, option, .sf-banner dd, .sf-name, .breadcrumb, #percorso ~ *";
    for (const path of ["/attivita", "/assistiti", "/casi", "/assistiti/paz-001"]) {
      await page.goto(path);
      const text = await page.evaluate((data) => {
        const copy = document.body.cloneNode(true);
        for (const node of copy.querySelectorAll(data)) node.remove();
        return `${document.title.replace(/De Luca Carmela/, "")} ${copy.innerText ?? copy.textContent}`;
      }, own);
      assert.deepEqual(text.match(ITALIAN) ?? [], [], `${path}: Italian words in the English frame`);
      assert.doesNotMatch(await page.locator("body").innerText(), /\[[a-z]+-[a-z0-9-]+\]/, `${path}: a message is missing`);
    }
    await page.getByRole("link", { name: "ITA", exact: true }).click();
    await page.getByRole("navigation").getByRole("link", { name: "Attività" }).waitFor();
  }));
