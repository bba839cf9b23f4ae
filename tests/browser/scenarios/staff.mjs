// The registry of the staff: as the office that keeps it, on a desk and on a phone, and as a member of the staff.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

const PAGES = [
  ["/personale", "personale"],
  ["/personale/persone/infermiera-greco", "personale-scheda"],
  ["/personale/organigramma", "personale-organigramma"],
  ["/personale/scadenze", "personale-scadenze"],
  ["/personale/convenzioni", "personale-convenzioni"],
  ["/personale/invii", "personale-invii"],
  ["/personale/importa", "personale-importa"],
  ["/personale/conferme", "personale-conferme"],
  ["/personale/persone/infermiera-greco/incarichi/nuovo", "personale-incarico"],
  ["/personale/persone/mmg-rossi/storia", "personale-storia"],
];

for (const width of ["desktop", "phone"]) {
  test(`the office sees its pages (${width})`, () =>
    as("personale.deluca", { width }, async (page) => {
      for (const [address, name] of PAGES) {
        await page.goto(address);
        await sound(page, address);
        await picture(page, `${name}-${width}`);
      }
    }));
}

test("the office records a person, gives an assignment and ends it", () =>
  as("personale.deluca", async (page) => {
    await page.goto("/personale/nuovo");
    await sound(page, "nuova persona");
    await page.getByLabel("Cognome").fill("Rossi");
    await page.getByLabel("Nome", { exact: true }).fill("Mario");
    await page.getByLabel("Codice fiscale").fill("RSSMRA80A01H501U");
    await page.getByLabel("Data di nascita").fill("1980-01-01");
    await page.getByRole("button", { name: "Salva" }).click();
    await page.getByRole("status").filter({ hasText: "La persona è registrata" }).waitFor();
    await page.getByRole("link", { name: "Nuovo incarico" }).click();
    await page.getByLabel("Struttura").selectOption({ label: "Centro diabetologico Partenope" });
    await page.getByLabel("Ruolo").selectOption({ label: "Infermiere di famiglia e comunità" });
    await page.getByLabel("Rapporto di lavoro").selectOption({ label: "Dipendente" });
    await page.getByRole("button", { name: "Dai l'incarico" }).click();
    await page.getByRole("status").filter({ hasText: "Incarico dato" }).waitFor();
    await sound(page, "scheda");
    await page.getByRole("link", { name: /^Chiudi l'incarico/ }).click();
    await sound(page, "fine incarico");
    await picture(page, "personale-fine-desktop");
    await page.getByLabel("Subito").check();
    await page.getByLabel("Motivo").fill("Prova");
    await page.getByRole("button", { name: "Chiudi l'incarico" }).click();
    await page.getByRole("status").filter({ hasText: "Incarico chiuso" }).waitFor();
    await page.getByRole("heading", { name: "Incarichi passati" }).waitFor();
  }));

test("the office makes a file and looks at what stays out", () =>
  as("personale.deluca", async (page) => {
    await page.goto("/personale/invii");
    await page.getByRole("button", { name: "Prepara il file" }).click();
    await page.getByText("Tracciato da confermare:").waitFor();
    await sound(page, "invio");
    await picture(page, "personale-invio-desktop");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Scarica il file" }).click()]);
    assert.match(download.suggestedFilename(), /^personale-\d{4}-\d\d-\d\d\.csv$/);
  }));

test("a nurse reads her own record on a phone", () =>
  as("infermiera.esposito", { width: "phone" }, async (page) => {
    await page.goto("/personale/mia-scheda");
    await page.getByText("Questa è la tua scheda").waitFor();
    await sound(page, "mia scheda");
    await picture(page, "personale-mia-scheda-phone");
  }));
