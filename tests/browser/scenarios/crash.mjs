// What was acknowledged survives SIGKILL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { visitor, signIn } from "../support/browser.mjs";
import { server } from "../support/server.mjs";
import { complete, hasToken, openTask, startPathway } from "../support/work.mjs";

const PATIENT = "paz-041";
const CRITERIA = "Raccogliere i criteri di arruolamento";

test("a completed task is still completed after kill -9", async () => {
  const { page, close } = await visitor();
  await signIn(page, "mmg.rossi");
  const pathway = await startPathway(page, PATIENT);
  await openTask(page, PATIENT, CRITERIA);
  const task = new URL(page.url()).pathname;
  await page.getByLabel("Età (anni compiuti)").fill("70");
  await page.getByLabel("Diagnosi già registrata (ICD-9-CM)").selectOption({ label: "250.00 Diabete tipo 2 senza complicanze" });
  await complete(page, CRITERIA);
  await server.kill();
  await server.serve();

  // The session is in the store, too: nobody has to sign in again.
  await page.goto(task);
  await page.getByText("conclusa").first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Salva e completa" }).count(), 0);
  await page.goto(pathway);
  await hasToken(page, "Informare e raccogliere il consenso");
  await close();
});
