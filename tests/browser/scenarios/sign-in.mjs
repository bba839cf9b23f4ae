import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, signIn, sound, visitor, WIDTHS } from "../support/browser.mjs";

for (const width of Object.keys(WIDTHS)) {
  test(`the sign-in page, ${width}`, async () => {
    const { page, close } = await visitor({ width });
    await page.goto("/");
    assert.equal(new URL(page.url()).pathname, "/accedi");
    await sound(page, "accedi");
    await picture(page, `accedi-${width}`);
    await close();
  });
}

test("a wrong password is refused, and the user name stays", async () => {
  const { page, close } = await visitor({ expected: ["status of 401"] });
  await signIn(page, "mmg.rossi", "not-the-password");
  await page.getByRole("alert").filter({ hasText: "Nome utente o password non corretti" }).waitFor();
  assert.equal(await page.getByLabel("Nome utente").inputValue(), "mmg.rossi");
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await sound(page, "wrong password");
  await close();
});

test("a demo account signs in with one button; after signing out the pages are closed", async () => {
  const { page, close } = await visitor();
  await page.goto("/accedi");
  await page.getByRole("button", { name: "Entra Dott. Paolo Rossi" }).click();
  await page.getByRole("heading", { level: 1, name: "Attività" }).waitFor();
  await page.getByRole("button", { name: "Esci" }).click();
  await page.getByText("Sei uscito").waitFor();
  await page.goto("/attivita");
  assert.equal(new URL(page.url()).pathname, "/accedi");
  await close();
});

test("whoever asked for a page gets it after signing in", async () => {
  const { page, close } = await visitor();
  await page.goto("/assistiti/paz-001");
  await page.getByLabel("Nome utente").fill("mmg.rossi");
  await page.getByLabel("Password").fill("sinfonia-demo");
  await page.getByRole("button", { name: "Accedi", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "De Luca Carmela" }).waitFor();
  await close();
});

test("every role begins where its work is", async () => {
  const first = {
    "mmg.rossi": "/attivita",
    "infermiera.esposito": "/attivita",
    "diabetologo.russo": "/attivita",
    "casemanager.ferrara": "/casi",
    "assistita.deluca": "/assistiti/paz-001",
    amministratore: "/incidenti",
  };
  for (const [user, path] of Object.entries(first)) {
    await as(user, async (page) => assert.equal(new URL(page.url()).pathname, path, user));
  }
});
