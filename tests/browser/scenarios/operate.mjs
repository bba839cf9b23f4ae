// The running of processes: searching instances, one command, a batch with its preview and progress.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound, WIDTHS } from "../support/browser.mjs";

const USER = "casemanager.ferrara";

for (const width of Object.keys(WIDTHS)) {
  test(`pages of operations, ${width}`, () =>
    as(USER, { width }, async (page) => {
      const pages = { regia: "/regia", "regia-ricerca": "/regia?modello=diabete-tipo-2&stato=active", "regia-nessuna": "/regia?chiave=niente", "regia-incidenti": "/regia/incidenti", "regia-lotti": "/regia/lotti" };
      for (const [name, path] of Object.entries(pages)) {
        const answer = await page.goto(path);
        assert.equal(answer.status(), 200, path);
        await sound(page, name);
        await picture(page, `${name}-${width}`);
      }
      await page.goto("/regia?modello=diabete-tipo-2&stato=active");
      await page.goto(await page.locator("tbody th a").first().getAttribute("href"));
      for (const details of await page.locator("details summary").all()) await details.click();
      await sound(page, "regia-istanza");
      await picture(page, `regia-istanza-${width}`);
    }));

  test(`a batch is previewed, begun and followed, ${width}`, () =>
    as(USER, { width }, async (page) => {
      const variable = `prova_${width}`;
      await page.goto("/regia?modello=diabete-tipo-2&stato=active");
      await page.getByLabel("Con tutte le istanze trovate").selectOption("setVariables");
      await page.getByRole("button", { name: "Prepara il lotto su tutte" }).click();
      await sound(page, "regia-lotto-nuovo");
      await page.getByLabel("Variabili da impostare").fill(`${variable}=true`);
      await page.getByLabel("Motivo").fill("Prova della regia");
      await picture(page, `regia-lotto-nuovo-${width}`);
      await page.getByRole("button", { name: "Vedi l'anteprima" }).click();
      await page.getByText("Niente è ancora stato fatto").waitFor();
      await sound(page, "regia-anteprima");
      await picture(page, `regia-anteprima-${width}`);
      await page.getByRole("button", { name: /^Avvia su/ }).click();
      await page.getByText("Completato:").waitFor();
      await sound(page, "regia-lotto");
      await picture(page, `regia-lotto-${width}`);
      await page.goto(`/regia?variabile=${variable}%3Dtrue`);
      assert.ok((await page.locator("tbody tr").count()) > 0, "the variable is set");
      // One instance, with its confirmation.
      await page.goto(await page.locator("tbody th a").first().getAttribute("href"));
      const instance = page.url();
      await page.getByRole("button", { name: "Sospendi", exact: true }).click();
      await sound(page, "regia-conferma");
      await picture(page, `regia-conferma-${width}`);
      await page.getByRole("button", { name: "Sospendi", exact: true }).click();
      await page.getByText("Scrivi il motivo").waitFor();
      await page.getByLabel("Motivo").fill("verifica");
      await page.getByRole("button", { name: "Sospendi", exact: true }).click();
      await page.getByText("Comando eseguito").waitFor();
      await page.goto(instance);
      await page.getByText("sospesa", { exact: true }).first().waitFor();
      await page.getByRole("button", { name: "Riprendi", exact: true }).click();
      await page.getByLabel("Motivo").fill("verificato");
      await page.getByRole("button", { name: "Riprendi", exact: true }).click();
      await page.getByText("Comando eseguito").waitFor();
    }));
}

test("who does not run things does not see them", () =>
  as("infermiera.esposito", { expected: ["status of 403"] }, async (page) => {
    assert.equal((await page.goto("/regia")).status(), 403);
    assert.equal(await page.getByRole("link", { name: "Regia dei processi" }).count(), 0);
  }));
