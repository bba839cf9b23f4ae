// A citizen sees what is theirs, and only that.
import assert from "node:assert/strict";
import { test } from "node:test";
import { as, sound } from "../support/browser.mjs";
import { complete } from "../support/work.mjs";

test("a citizen cannot open what belongs to others", () =>
  as("assistita.deluca", { expected: ["status of 403"] }, async (page) => {
    for (const path of ["/assistiti/paz-002", "/assistiti", "/casi", "/casi.csv", "/modelli", "/incidenti", "/assistiti/paz-001/percorsi/nuovo"]) {
      const answer = await page.goto(path);
      assert.equal(answer.status(), 403, path);
      await page.getByRole("heading", { level: 1, name: "Non puoi aprire questa pagina" }).waitFor();
    }
    await sound(page, "forbidden");
    // The hub does not even say that there is somebody.
    assert.equal((await page.request.get("/fhir/Patient/paz-002")).status(), 404);
    assert.equal((await page.request.get("/orchestrator/instances?patient=paz-002")).status(), 403);
    const tasks = await (await page.request.get("/fhir/Task?_count=200")).json();
    const whose = new Set((tasks.entry ?? []).map((entry) => entry.resource.for?.reference));
    assert.deepEqual([...whose], ["Patient/paz-001"], "a search gives only what is theirs");
  }));

test("no link of a citizen's pages leads to a closed door", () =>
  as("assistita.deluca", async (page) => {
    const seen = new Set();
    for (const path of ["/assistiti/paz-001", "/attivita"]) {
      await page.goto(path);
      const links = await page.locator("a[href^='/']").evaluateAll((all) => all.map((a) => a.getAttribute("href").split("#")[0]));
      for (const link of links) if (!link.startsWith("/lingua") && link) seen.add(link);
    }
    assert.ok(seen.size > 4);
    for (const link of seen) assert.equal((await page.request.get(link)).status(), 200, link);
  }));

test("a citizen fills in the questionnaire that waits for her", () =>
  as("assistita.deluca", async (page) => {
    await page.goto("/attivita");
    const name = "Questionario prima del controllo";
    await page.locator("tbody").getByRole("link", { name }).first().click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    await page.getByLabel("Bene", { exact: true }).check();
    await page.getByLabel("Sempre", { exact: true }).check();
    await page.getByLabel(/^Data/).fill("2026-11-21");
    await complete(page, name);
    assert.equal(new URL(page.url()).pathname, "/attivita");
  }));
