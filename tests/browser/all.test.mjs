// Every scenario, one after the other, on one server and one browser: `node --test tests/browser/all.test.mjs`.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, openBrowser } from "./support/browser.mjs";
import { server } from "./support/server.mjs";

before(async () => {
  await server.start();
  await openBrowser();
});
after(async () => {
  await closeBrowser();
  await server.stop();
});

await import("./scenarios/sign-in.mjs");
await import("./scenarios/access.mjs");
await import("./scenarios/pages.mjs");
await import("./scenarios/enrolment.mjs");
await import("./scenarios/tasks.mjs");
await import("./scenarios/cases.mjs");
await import("./scenarios/citizen.mjs");
await import("./scenarios/rights.mjs");
await import("./scenarios/staff.mjs");
await import("./scenarios/anagrafe.mjs");
await import("./scenarios/duplicates.mjs");
await import("./scenarios/registry-choice.mjs");
await import("./scenarios/structures.mjs");
await import("./scenarios/language.mjs");
await import("./scenarios/no-script.mjs");
await import("./scenarios/operate.mjs");
await import("./scenarios/privacy.mjs");
await import("./scenarios/models.mjs");
await import("./scenarios/forms.mjs");
await import("./scenarios/simulation.mjs");
await import("./scenarios/crash.mjs");

test("the server reported no error of its own", async () => {
  assert.deepEqual(await server.errors(), []);
});
