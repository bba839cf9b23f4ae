// The registry's desk: find a person, read the record and its history, enter one, check a code, bring a list.
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

test("the desk finds a person by the sound of the name, and reads what was true and known", () =>
  as("anagrafe.marino", async (page) => {
    await page.goto("/anagrafe?q=karmela+de+lucca");
    await page.getByText("suona simile").first().waitFor();
    await sound(page, "anagrafe");
    await picture(page, "anagrafe-desktop");
    await page.getByRole("link", { name: "De Luca Carmela" }).first().click();
    await page.getByRole("heading", { name: "Assistenza" }).waitFor();
    await sound(page, "scheda");
    await picture(page, "anagrafe-scheda-desktop");
    await page.getByRole("link", { name: "Storia della scheda" }).click();
    await sound(page, "storia");
    await picture(page, "anagrafe-storia-desktop");
  }));

test("a person is entered at the desk, with a warning for a code that does not agree", () =>
  as("anagrafe.marino", { width: "phone", expected: ["status of 422"] }, async (page) => {
    await page.goto("/anagrafe/nuova");
    await sound(page, "nuova persona");
    await picture(page, "anagrafe-nuova-phone");
    await page.getByLabel("Cognome", { exact: true }).fill("Prova");
    await page.getByRole("button", { name: "Iscrivi" }).click();
    await page.getByRole("heading", { name: "Non è stato salvato" }).waitFor();
    await sound(page, "errori");
    await picture(page, "anagrafe-errori-phone");
    await page.goto("/anagrafe");
    await sound(page, "ricerca");
    await picture(page, "anagrafe-phone");
  }));

test("a codice fiscale is checked, and a list is brought", () =>
  as("anagrafe.marino", async (page) => {
    await page.goto("/anagrafe/codice-fiscale");
    await page.getByLabel("Codice fiscale", { exact: true }).fill("RSSMRA41R64A455O");
    await page.getByLabel("Cognome di nascita").fill("Bianchi");
    await page.getByRole("button", { name: "Controlla o calcola" }).click();
    await page.getByText("Il codice dice «RSS» per il cognome").waitFor();
    await sound(page, "codice fiscale");
    await picture(page, "anagrafe-codice-desktop");
    await page.goto("/anagrafe/importazioni");
    await sound(page, "importazioni");
    const buffer = Buffer.from("Cognome;Nome;Codice fiscale;Comune\nRossi;Maria;RSSMRA41R64A455O;Napoli\nVerdi;Ugo;X;Roma\n");
    await page.getByLabel("File CSV").setInputFiles({ name: "elenco.csv", mimeType: "text/csv", buffer });
    await page.getByRole("button", { name: "Carica" }).click();
    await page.getByText("1 righe su 2").waitFor();
    await sound(page, "importazione");
    await picture(page, "anagrafe-importazione-desktop");
  }));
