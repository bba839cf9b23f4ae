// Every page, as each role sees it, on a desk and on a phone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, settled, sound, WIDTHS } from "../support/browser.mjs";

const PAGES = {
  "mmg.rossi": {
    attivita: "/attivita",
    "attivita-da-prendere": "/attivita?vista=ruolo&assistiti=tutti",
    "attivita-scadute": "/attivita?vista=scadute&assistiti=tutti",
    "attivita-concluse": "/attivita?vista=concluse",
    "attivita-nessuna": "/attivita?vista=ruolo&q=Nessuno",
    assistiti: "/assistiti",
    "assistiti-nessuno": "/assistiti?q=Nessuno",
    paziente: "/assistiti/paz-001",
    "paziente-pressione": "/assistiti/paz-001?valore=sistolica",
    "paziente-senza-percorso": "/assistiti/paz-045",
    "avvia-percorso": "/assistiti/paz-041/percorsi/nuovo",
    "percorsi-in-corso": "/casi",
  },
  "infermiera.esposito": { "infermiera-attivita": "/attivita" },
  "diabetologo.russo": { "diabetologo-attivita": "/attivita" },
  "casemanager.ferrara": { casi: "/casi", "casi-ritardo": "/casi?ritardo=si&ordine=contatto", "casi-nessuno": "/casi?q=Nessuno", analisi: "/analisi", "analisi-nessuno": "/analisi?dal=2001-01-01&al=2001-01-02" },
  "assistita.deluca": { "assistita-percorso": "/assistiti/paz-001", "assistita-attivita": "/attivita" },
  amministratore: { incidenti: "/incidenti", modelli: "/modelli", modello: "/modelli/diabete-tipo-2:1" },
};
/** Pages reached by following the first link of a list: [user, from, selector, name]. */
const FOLLOWED = [
  ["mmg.rossi", "/attivita", "tbody th a", "attivita-modulo"],
  ["infermiera.esposito", "/attivita", "tbody th a", "infermiera-modulo"],
  ["casemanager.ferrara", "/attivita", "tbody th a", "case-manager-modulo"],
  ["mmg.rossi", "/attivita?vista=concluse", "tbody th a", "attivita-conclusa"],
  ["mmg.rossi", "/assistiti/paz-001", ".sf-pathway h3 a", "percorso"],
  ["assistita.deluca", "/assistiti/paz-001", ".sf-pathway h3 a", "assistita-schema"],
  ["assistita.deluca", "/attivita", "tbody th a", "assistita-modulo"],
];

for (const width of Object.keys(WIDTHS)) {
  for (const [user, pages] of Object.entries(PAGES)) {
    test(`pages of ${user}, ${width}`, () =>
      as(user, { width }, async (page) => {
        for (const [name, path] of Object.entries(pages)) {
          const answer = await page.goto(path);
          assert.equal(answer.status(), 200, path);
          await settled(page);
          await sound(page, name);
          await picture(page, `${name}-${width}`);
        }
      }));
  }
  for (const [user, from, selector, name] of FOLLOWED) {
    test(`${name}, ${width}`, () =>
      as(user, { width }, async (page) => {
        await page.goto(from);
        const path = await page.locator(selector).first().getAttribute("href");
        const answer = await page.goto(path);
        assert.equal(answer.status(), 200, path);
        await settled(page);
        await sound(page, name);
        await picture(page, `${name}-${width}`);
      }));
  }
  test(`pages that do not exist, ${width}`, () =>
    as("mmg.rossi", { width, expected: ["status of 404"] }, async (page) => {
      for (const path of ["/assistiti/nessuno", "/attivita/nessuna", "/percorsi/nessuno", "/nessuna-pagina", "/assistiti/a%2Fb"]) {
        const answer = await page.goto(path);
        assert.equal(answer.status(), 404, path);
        await page.getByRole("heading", { level: 1, name: "Pagina non trovata" }).waitFor();
        await sound(page, path);
      }
      await picture(page, `non-trovata-${width}`);
    }));
}
