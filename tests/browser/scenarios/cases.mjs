// The case manager's list.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { as } from "../support/browser.mjs";

const cells = (page, selector) => page.locator(`tbody ${selector}`).allInnerTexts();

test("the case manager filters, sorts and takes the list home", () =>
  as("casemanager.ferrara", async (page) => {
    await page.goto("/casi");
    const all = await page.locator("tbody tr").count();
    assert.ok(all > 10, `${all} people in the pathway`);

    // A change of a filter applies at once; the address can be kept and sent.
    await page.getByLabel("Ritardi").selectOption({ label: "Solo con ritardi" });
    await page.waitForURL(/ritardo=si/);
    const late = await page.locator("tbody tr").count();
    assert.ok(late > 0 && late < all, `${late} late of ${all}`);
    assert.equal(await page.locator("tbody .sf-overdue").count() >= late, true, "each shows what is late");

    await page.goto("/casi");
    await page.getByLabel("Ordina per").selectOption({ label: "nome" });
    await page.waitForURL(/ordine=nome/);
    const names = await cells(page, "th a");
    assert.deepEqual(names, [...names].sort((a, b) => a.localeCompare(b, "it")), "by name");

    await page.getByLabel("Assistito").fill("de luca");
    await page.getByLabel("Assistito").press("Enter");
    await page.waitForURL(/q=de\+luca/);
    assert.ok((await cells(page, "th a")).every((name) => name.startsWith("De Luca")));

    await page.goto("/casi?ritardo=si&ordine=nome");
    const expected = await cells(page, "th a");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Scarica l'elenco (CSV)" }).click()]);
    assert.equal(download.suggestedFilename(), "percorsi.csv");
    const lines = (await readFile(await download.path(), "utf8")).replace("\ufeff", "").trim().split("\r\n");
    assert.match(lines[0], /^"Assistito";"Età";"Fase"/);
    assert.deepEqual(lines.slice(1).map((line) => line.split('";"')[0].slice(1)), expected, "the file holds what the page shows");
  }));
