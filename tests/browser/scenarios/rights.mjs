// Who saw my data, consents, hiding, requests: as a citizen with a phone, and as the office that answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

test("a citizen reads who looked, with the reason, and reports what she does not recognise", async () => {
  await as("mmg.rossi", (page) => page.goto("/assistiti/paz-001"));
  await as("assistita.deluca", { width: "phone" }, async (page) => {
    await page.goto("/diritti");
    await sound(page, "i miei dati");
    await picture(page, "diritti-phone");
    await page.getByRole("link", { name: "Chi ha visto i miei dati" }).click();
    await page.getByText(/il Dott\. Paolo Rossi .*ha letto/).first().waitFor();
    await page.getByText("Perché poteva").first().waitFor();
    await sound(page, "accessi");
    await picture(page, "accessi-phone");
    await page.getByRole("link", { name: /Non riconosco questo accesso.*Rossi/ }).first().click();
    await sound(page, "segnalazione");
    await page.getByRole("button", { name: "Invia la segnalazione" }).click();
    await page.getByRole("status").filter({ hasText: "Segnalazione inviata" }).waitFor();
  });
});

test("a citizen refuses consultation to one centre, and takes it back", () =>
  as("assistita.deluca", { width: "phone" }, async (page) => {
    await page.goto("/diritti/consensi");
    await sound(page, "consensi");
    await picture(page, "consensi-phone");
    await page.getByRole("link", { name: "Un ospedale, un centro, un ambulatorio" }).click();
    await sound(page, "consenso per struttura");
    await picture(page, "consenso-struttura-phone");
    await page.getByRole("button", { name: "No: Centro diabetologico Partenope" }).click();
    await page.getByRole("status").filter({ hasText: "Hai detto no" }).waitFor();
    await page.getByRole("button", { name: "Togli la mia risposta: Centro diabetologico Partenope" }).click();
    await page.getByRole("status").filter({ hasText: "è stata tolta" }).waitFor();
  }));

test("a citizen hides a measurement and shows it again", () =>
  as("assistita.deluca", async (page) => {
    await page.goto("/diritti/nascondi?tipo=Observation");
    await sound(page, "nascondi");
    await picture(page, "nascondi-desktop");
    await page.getByRole("link", { name: /^Nascondi:/ }).first().click();
    await sound(page, "conferma");
    await page.getByRole("button", { name: "Nascondi" }).click();
    await page.getByRole("status").filter({ hasText: "Nascosto" }).waitFor();
    await page.getByRole("button", { name: /^Mostra di nuovo/ }).first().click();
    await page.getByRole("status").filter({ hasText: "visibile a chi ti cura" }).waitFor();
  }));

test("a citizen downloads a copy of everything", () =>
  as("assistita.deluca", async (page) => {
    await page.goto("/diritti/richieste");
    await sound(page, "richieste");
    await picture(page, "richieste-desktop");
    await page.getByRole("link", { name: "Voglio una copia di tutti i miei dati" }).last().click();
    await page.getByRole("button", { name: "Invia la richiesta" }).click();
    await page.getByRole("status").filter({ hasText: "Richiesta inviata" }).waitFor();
    const link = page.getByRole("link", { name: "Scarica la parte 1" });
    for (let tries = 0; tries < 60 && (await link.count()) === 0; tries++) await page.reload();
    await sound(page, "richiesta");
    await picture(page, "richiesta-desktop");
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    assert.equal(download.suggestedFilename(), "i-miei-dati-1.zip");
    await page.getByRole("link", { name: "Lettera da stampare" }).click();
    await sound(page, "lettera");
    await picture(page, "lettera-desktop");
  }));

test("the office answers a request, and reads the register", () =>
  as("ufficio.conte", async (page) => {
    await page.goto("/richieste-dati");
    await sound(page, "ufficio");
    await picture(page, "ufficio-desktop");
    await page.getByRole("link", { name: "Non voglio che i miei dati servano per statistiche" }).first().click();
    await sound(page, "richiesta per l'ufficio");
    await picture(page, "ufficio-richiesta-desktop");
    await page.getByLabel("Accolta: viene fatto da subito").check();
    await page.getByLabel("Risposta al cittadino (entra nella lettera)").fill("Va bene: da oggi i tuoi dati non escono per statistiche.");
    await page.getByRole("button", { name: "Invia la risposta" }).click();
    await page.getByRole("status").filter({ hasText: "Deciso" }).waitFor();
    await page.goto("/registro-trattamenti");
    await sound(page, "registro");
    await picture(page, "registro-desktop");
  }));

test("an operator finds a person by code and surname only", () =>
  as("sportello.vitale", { expected: ["status of 422"] }, async (page) => {
    await page.goto("/sportello-consensi");
    await page.getByLabel("Codice fiscale").fill("AAAAAA00A00A000A");
    await page.getByLabel("Cognome").fill("De Luca");
    await page.getByRole("button", { name: "Trova la persona" }).click();
    await page.getByRole("alert").filter({ hasText: "Non troviamo" }).waitFor();
    await sound(page, "sportello");
    await picture(page, "sportello-desktop");
  }));
