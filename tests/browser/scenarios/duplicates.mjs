// Duplicate records: the registry's desk finds them, decides by keyboard, merges and separates.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, picture, sound } from "../support/browser.mjs";

test("the desk looks at duplicate records on a phone", () =>
  as("anagrafe.marino", { width: "phone" }, async (page) => {
    await page.goto("/anagrafe/doppioni");
    await page.getByRole("heading", { name: /Da vedere: \d+/ }).waitFor();
    await sound(page, "doppioni su telefono");
    await picture(page, "doppioni-phone");
    await page.getByRole("link", { name: /Iovine Gennaro – Jovine Gennaro/ }).click();
    await page.getByRole("heading", { name: "Confronto", exact: true }).waitFor();
    await sound(page, "confronto su telefono");
    await picture(page, "doppioni-coppia-phone");
  }));

test("the desk merges two records by keyboard, and separates them again", () =>
  as("anagrafe.marino", async (page) => {
    await page.goto("/anagrafe/doppioni");
    await sound(page, "doppioni");
    await picture(page, "doppioni-desktop");
    await page.getByRole("link", { name: /Iovine Gennaro – Jovine Gennaro/ }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("Data di nascita", { exact: true }).waitFor();
    await page.getByText("uguale in altra forma").first().waitFor();
    await sound(page, "confronto");
    await picture(page, "doppioni-coppia-desktop");
    await page.getByLabel("La stessa persona: unisci").focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("stesso documento visto allo sportello");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("Le schede sono unite").waitFor();
    await sound(page, "unione");
    await picture(page, "fusione-desktop");
    await page.getByLabel("Motivo").fill("erano due persone");
    await page.getByRole("button", { name: "Separa le schede" }).click();
    await page.getByText("Le schede sono separate").waitFor();
    await sound(page, "separazione");
    await page.goto("/anagrafe/fusioni");
    await sound(page, "schede unite");
    await picture(page, "fusioni-desktop");
    await page.goto("/anagrafe/doppioni");
    assert.equal(await page.getByRole("link", { name: /Jovine Gennaro/ }).count(), 0, "told apart, they do not come back");
    await page.getByRole("button", { name: "Cerca in tutta l'anagrafe" }).click();
    await page.getByText("La ricerca è cominciata").waitFor();
  }));
