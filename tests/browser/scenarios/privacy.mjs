// Emergency access from the search to the review, unlocking, why, and the pages of the office for data protection.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound, WIDTHS } from "../support/browser.mjs";

/** A person whom the nurse has no tie to, by exact identity, as the administrator of the test knows them. */
const STRANGER = { cognome: "Amato", nome: "Salvatore", nascita: "1979-03-14" };
const DOCTOR = "mmg.deangelis";

async function seek(page) {
  await page.goto("/emergenza");
  await page.getByLabel("Cognome").fill(STRANGER.cognome);
  await page.getByLabel("Nome", { exact: true }).fill(STRANGER.nome);
  await page.getByLabel("Data di nascita").fill(STRANGER.nascita);
  await page.getByRole("button", { name: "Cerca", exact: true }).click();
  await page.getByRole("heading", { name: "Amato Salvatore" }).waitFor();
}

for (const width of Object.keys(WIDTHS)) {
  test(`an emergency is opened, shown on every page and ended, ${width}`, () =>
    as(DOCTOR, { width }, async (page) => {
      await page.goto("/emergenza");
      await sound(page, "emergenza");
      await picture(page, `emergenza-${width}`);
      await seek(page);
      await sound(page, "emergenza-trovata");
      await picture(page, `emergenza-trovata-${width}`);
      await page.locator('label[for="motivo-incoscienza"]').click();
      await page.getByLabel("Spiega in poche parole").fill("Svenuto in sala d'attesa, servono allergie e farmaci.");
      await page.locator('label[for="conferma"]').click();
      await page.getByRole("button", { name: "Apri per 60 minuti" }).click();
      await page.getByText("L'accesso è aperto fino alle").waitFor();
      await page.getByRole("heading", { level: 1, name: "Amato Salvatore" }).waitFor();
      await page.locator(".sf-emergency").waitFor();
      assert.match(await page.locator("[data-countdown]").textContent(), /\((5\d|60|1:00):\d\d\)|\(1:00:00\)/, "it counts down");
      await sound(page, "emergenza-aperta");
      await picture(page, `emergenza-aperta-${width}`);
      await page.goto("/attivita");
      await page.locator(".sf-emergency").waitFor();
      await page.getByRole("link", { name: "Serve più tempo" }).click();
      await sound(page, "emergenza-proroga");
      await picture(page, `emergenza-proroga-${width}`);
      await page.getByRole("button", { name: "Chiudi adesso Amato Salvatore" }).click();
      await page.getByText("L'accesso è chiuso.").waitFor();
      assert.equal(await page.locator(".sf-emergency").count(), 0);
    }));

  test(`a protected category is unlocked, and why one sees is told, ${width}`, () =>
    as("mmg.rossi", { width }, async (page) => {
      await page.goto("/assistiti/paz-001");
      if ((await page.getByRole("link", { name: "Chiedi lo sblocco" }).count()) === 0) throw new Error("no link to unlocking");
      await page.getByRole("link", { name: "Chiedi lo sblocco" }).click();
      await sound(page, "sblocco");
      await picture(page, `sblocco-${width}`);
      await page.goto("/perche?assistito=paz-001&dato=Condition");
      await sound(page, "perche");
      await picture(page, `perche-${width}`);
    }));

  test(`the office for data protection, ${width}`, () =>
    as("dpo.conte", { width }, async (page) => {
      const pages = {
        "ufficio-privacy": "/ufficio-privacy",
        "ufficio-accessi": "/ufficio-privacy/accessi",
        "ufficio-anomalie": "/ufficio-privacy/anomalie?stato=tutte",
        "ufficio-registro": "/ufficio-privacy/registro",
        "ufficio-registro-persona": "/ufficio-privacy/registro?assistito=paz-001",
        "ufficio-esposte": "/ufficio-privacy/persone-esposte",
        "ufficio-perche": "/perche?assistito=paz-001&dato=Observation&chi=Practitioner/mmg-rossi",
      };
      for (const [name, path] of Object.entries(pages)) {
        const answer = await page.goto(path);
        assert.equal(answer.status(), 200, path);
        await sound(page, name);
        await picture(page, `${name}-${width}`);
      }
      await page.goto("/ufficio-privacy/anomalie?stato=tutte");
      await page.locator("main li a").first().click();
      await sound(page, "ufficio-anomalia");
      await picture(page, `ufficio-anomalia-${width}`);
    }));
}

test("the officer reviews an emergency, and the citizen reads of one", async () => {
  // An outcome without its note is refused with 422, which the browser notes.
  await as("dpo.conte", { expected: ["422"] }, async (page) => {
    await page.goto("/ufficio-privacy/accessi?stato=rivedere");
    await page.locator("tbody th a").first().click();
    await page.locator('label[for="esito-non-giustificato"]').click();
    await page.getByRole("button", { name: "Registra l'esito" }).click();
    await page.getByText("Scrivi una nota").waitFor();
    await sound(page, "ufficio-revisione");
    await picture(page, "ufficio-revisione");
    await page.getByLabel("Nota", { exact: true }).fill("Sentito l'operatore: la persona era svenuta.");
    await page.locator('label[for="esito-giustificato"]').click();
    await page.getByRole("button", { name: "Registra l'esito" }).click();
    await page.getByText("Esito registrato.").waitFor();
  });
  await as("assistita.deluca", async (page) => {
    await page.goto("/avvisi-privacy");
    await page.getByText("Risulta il tuo consenso").waitFor();
    await sound(page, "avvisi-privacy");
    await picture(page, "avvisi-privacy");
  });
});

test("without scripts an emergency is opened and closed all the same", () =>
  as(DOCTOR, { javaScriptEnabled: false }, async (page) => {
    await seek(page);
    await page.locator('label[for="motivo-pronto-soccorso"]').click();
    await page.getByLabel("Spiega in poche parole").fill("Caduta, trauma cranico, servono i farmaci.");
    await page.locator('label[for="conferma"]').click();
    await page.getByRole("button", { name: "Apri per 60 minuti" }).click();
    await page.getByText(/restano (59|60) minuti/).first().waitFor();
    await page.getByRole("button", { name: "Chiudi adesso Amato Salvatore" }).click();
    await page.getByText("L'accesso è chiuso.").waitFor();
  }));
