// The doctor, exemptions and life events: as a citizen with a phone, as a family doctor, at the registry's desk.
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

test("a citizen looks at doctors, and declares an exemption", () =>
  as("assistita.deluca", { width: "phone" }, async (page) => {
    await page.goto("/il-mio-medico");
    await sound(page, "il mio medico");
    await picture(page, "mio-medico-phone");
    await page.getByRole("link", { name: "Cambia medico" }).click();
    await page.getByText("posti liberi").first().waitFor();
    await sound(page, "scegli il medico");
    await picture(page, "scegli-medico-phone");
    await page.goto("/esenzioni");
    await sound(page, "esenzioni");
    await picture(page, "esenzioni-phone");
    await page.getByRole("radio", { name: /^E02/ }).check();
    await page.getByRole("checkbox", { name: "Ho letto e dichiaro" }).check();
    await page.getByRole("button", { name: "Invia l'autocertificazione" }).click();
    await page.getByRole("status").filter({ hasText: "Autocertificazione registrata" }).waitFor();
  }));

test("a family doctor sees the list", () =>
  as("mmg.rossi", async (page) => {
    await page.goto("/i-miei-assistiti");
    await page.getByRole("heading", { name: "Movimenti" }).waitFor();
    await sound(page, "i miei assistiti");
    await picture(page, "miei-assistiti-desktop");
  }));

test("the desk sees what waits, what events caused, and exemptions", () =>
  as("anagrafe.marino", async (page) => {
    await page.goto("/anagrafe/scelta");
    await sound(page, "scelta allo sportello");
    await picture(page, "scelta-desktop");
    await page.goto("/anagrafe/eventi");
    await page.getByText("In attesa").first().waitFor();
    await sound(page, "eventi");
    await picture(page, "eventi-desktop");
    await page.locator('a[href^="/anagrafe/eventi/evento-"]').first().click();
    await sound(page, "evento");
    await page.goto("/anagrafe/esenzioni");
    await sound(page, "esenzioni allo sportello");
    await page.goto("/anagrafe/esenzioni/controlli");
    await sound(page, "controlli");
  }));
