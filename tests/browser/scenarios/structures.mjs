// The registry of structures: for everybody, on a desk and on a phone; and for who asks for a change and who decides.
import { test } from "node:test";
import { as, picture, sound, visitor } from "../support/browser.mjs";

/** Does something as somebody who has not signed in. */
async function anybody(options, work) {
  const { page, close } = await visitor(options);
  await work(page);
  await close();
}

const OPEN = [
  ["/strutture", "strutture"],
  ["/strutture?q=cardareli", "strutture-trovate"],
  ["/mappa", "mappa"],
  ["/strutture/dati-aperti", "dati-aperti"],
];

for (const width of ["desktop", "phone"]) {
  test(`everybody finds structures (${width})`, () =>
    anybody({ width }, async (page) => {
      for (const [address, name] of OPEN) {
        await page.goto(address);
        await sound(page, address);
        await picture(page, `${name}-${width}`);
      }
      await page.goto("/strutture?q=cardarelli");
      await page.getByRole("link", { name: /Cardarelli/ }).first().click();
      await page.getByRole("heading", { level: 1, name: /Cardarelli/ }).waitFor();
      await sound(page, "struttura");
      await picture(page, `struttura-${width}`);
    }));
}

test("the map draws the region and marks", () =>
  anybody({}, async (page) => {
    await page.goto("/mappa");
    // Municipalities and marks are painted: many colours, where an empty map has one.
    await page.waitForFunction(() => {
      const canvas = document.querySelector(".leaflet-container canvas");
      if (!canvas) return false;
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set();
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) colours.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
      return colours.size > 20;
    });
  }));

for (const [who, name] of [["referente.russo", "richieste"], ["strutture.greco", "da-decidere"]]) {
  test(`changes asked for, as ${who}`, () =>
    as(who, async (page) => {
      await page.goto("/strutture/variazioni");
      await sound(page, "variazioni");
      await picture(page, `variazioni-${name}-desktop`);
    }));
}

for (const width of ["desktop", "phone"]) {
  test(`an accreditation is asked for with its document (${width})`, () =>
    as("referente.russo", { width }, async (page) => {
      await page.goto("/strutture/hsp-150901/variazione");
      await sound(page, "variazioni possibili");
      await page.getByRole("link", { name: "Autorizzazione, accreditamento o accordo" }).click();
      await page.getByLabel("Quale").selectOption("accreditamento");
      await page.getByLabel("Numero e data dell'atto").fill(`DCA 7/2026 ${width}`);
      await page.getByLabel("Chi l'ha dato").fill("Regione Campania");
      await page.getByLabel(/Il documento/).setInputFiles({ name: "atto.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7 prova") });
      await sound(page, "richiesta di accreditamento");
      await picture(page, `accreditamento-${width}`);
      await page.getByRole("button", { name: "Manda la richiesta" }).click();
      await page.getByRole("link", { name: "atto.pdf" }).waitFor();
      await sound(page, "accreditamento chiesto");
      await picture(page, `accreditamento-chiesto-${width}`);
    }));
}

const LIST = [
  "Codice;Denominazione;Tipologia;Comune;Telefono",
  "150901;Ospedale Cardarelli di Napoli;0;063049;081 7471111",
  ";Ospedale Civile;1;Ariano Irpino;0825 877111",
  "X99001;Farmacia del Ponte;farmacia;Benevento;",
  ";Ambulatorio;Astronave;Napoli;",
].join("\n");

for (const width of ["desktop", "phone"]) {
  test(`a list of structures is compared, decided, written and taken back (${width})`, () =>
    as("strutture.greco", { width }, async (page) => {
      await page.goto("/strutture/elenchi");
      await sound(page, "elenchi");
      await picture(page, `elenchi-${width}`);
      await page.getByLabel("File CSV").setInputFiles({ name: `elenco-${width}.csv`, mimeType: "text/csv", buffer: Buffer.from(LIST) });
      await page.getByRole("button", { name: "Carica e confronta" }).click();
      await page.getByRole("heading", { level: 1, name: `elenco-${width}.csv` }).waitFor();
      await page.locator("summary", { hasText: "Colonne, tipo e completezza" }).click();
      await sound(page, "elenco");
      await picture(page, `elenco-${width}`);
      await page.getByRole("radio", { name: /Nessuna: lascia fuori/ }).first().check();
      await page.getByRole("button", { name: /Salva la decisione/ }).first().click();
      await page.getByText("decisione salvata").waitFor();
      for (const view of ["Cambiano", "Nuove", "Con errori"]) {
        await page.getByRole("link", { name: new RegExp(`^${view} `) }).click();
        await sound(page, `elenco, ${view}`);
        await picture(page, `elenco-${view.toLowerCase().replaceAll(" ", "-")}-${width}`);
      }
      await page.getByRole("button", { name: "Scrivi nel registro" }).click();
      await page.getByText("L'elenco è stato scritto nel registro.").waitFor();
      await sound(page, "elenco scritto");
      await page.locator("summary", { hasText: "Annulla quello" }).click();
      await page.getByRole("button", { name: "Annulla", exact: true }).click();
      await page.getByText("Quello che si poteva è tornato come prima.").waitFor();
      await picture(page, `elenco-annullato-${width}`);
    }));
}
