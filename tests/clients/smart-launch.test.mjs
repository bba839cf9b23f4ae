// An application made with the SMART library that others use (npm `fhirclient`) gets in: standalone and EHR launch, in a real
// browser, against a real server. `node --test tests/clients/smart-launch.test.mjs`
//
// The library is fetched alone (`npm pack`, checked by its hash): as a dependency it would bring a thousand packages that only
// its mobile build needs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { closeBrowser, openBrowser, picture, signIn, sound, visitor } from "../browser/support/browser.mjs";
import { root, server } from "../browser/support/server.mjs";

const PACKAGE = "fhirclient@2.6.3";
const INTEGRITY = "CirZixcwWelbkIXxpxlNQx5+ZdJirl6F1s4y4yvA1X7hHAkr9n99aVHaMi0wX+97nATjKQ65X6NB5as/wZoJzg==";
const binary = path.resolve(root, process.env.SINFONIA_BIN ?? "target/debug/sinfonia");
let folder, app, origin;

/** The application: two pages that do what the library's manual says. */
async function application() {
  folder = await mkdtemp(path.join(os.tmpdir(), "sinfonia-smart-"));
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", PACKAGE, "--json"], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const archive = path.join(folder, filename);
  assert.equal(createHash("sha512").update(await readFile(archive)).digest("base64"), INTEGRITY);
  execFileSync("tar", ["xzf", archive, "-C", folder]);
  const library = await readFile(path.join(folder, "package/build/fhir-client.js"));
  const scope = "openid fhirUser launch/patient offline_access patient/*.rs";
  const page = (script) => `<!doctype html><html lang="it"><title>App</title><p id="out">…</p><script src="/fhir-client.js"></script><script>${script}</script>`;
  const pages = {
    "/standalone": () => page(`FHIR.oauth2.authorize({ clientId: "diario", scope: "${scope}", redirectUri: "/app", iss: "${server.base}/fhir", pkceMode: "required" })`),
    "/launch": () => page(`FHIR.oauth2.authorize({ clientId: "diario", scope: "${scope} launch", redirectUri: "/app", pkceMode: "required" })`),
    "/app": () => page(`FHIR.oauth2.ready().then(async (client) => {
      const patient = await client.patient.read();
      const found = await client.request("Observation?patient=" + client.patient.id + "&_count=5");
      const others = await client.request("Patient?_count=200");
      const write = await client.create({ resourceType: "Patient" }).then(() => "written", (error) => "refused " + error.status);
      await client.refresh();
      const again = await client.patient.read();
      return { id: patient.id, again: again.id, user: client.user.fhirUser, observations: (found.entry ?? []).length,
        patients: (others.entry ?? []).map((e) => e.resource.id), write, scope: client.state.tokenResponse.scope,
        token: client.state.tokenResponse.access_token };
    }).then((told) => (out.textContent = JSON.stringify(told)), (error) => (out.textContent = "ERROR " + error))`),
  };
  app = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname === "/fhir-client.js") return response.setHeader("content-type", "text/javascript").end(library);
    response.setHeader("content-type", "text/html; charset=utf-8").end(pages[pathname]?.() ?? "");
  });
  await new Promise((ready) => app.listen(0, "127.0.0.1", ready));
  origin = `http://127.0.0.1:${app.address().port}`;
}

before(async () => {
  await server.start();
  await application();
  await server.kill();
  const scopes = ["openid", "fhirUser", "launch", "launch/patient", "offline_access", "patient/*.rs"].flatMap((scope) => ["--scope", scope]);
  const registered = ["--redirect", `${origin}/app`, "--launch", `${origin}/launch`, ...scopes];
  execFileSync(binary, ["client", "add", "diario", "--name", "Diario della salute", "--data", server.data, ...registered], { stdio: "ignore" });
  process.env.SINFONIA_ORIGINS = origin;
  await server.serve();
  await openBrowser();
});
after(async () => {
  await closeBrowser();
  await server.stop();
  app?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** What the application says when it is in. */
async function told(page) {
  const out = page.locator("#out", { hasText: /^(\{|ERROR)/ });
  await out.waitFor();
  const text = await out.textContent();
  assert.doesNotMatch(text, /^ERROR/);
  return JSON.parse(text);
}

const expected = ["403", "favicon"];

test("a citizen lets an application see the own data, and takes it back", async () => {
  const { page, close } = await visitor({ expected: [...expected, "401"] });
  await page.goto(`${origin}/standalone`);
  await page.waitForURL(/\/accedi\?da=/);
  await page.getByLabel("Nome utente").fill("assistita.deluca");
  await page.getByLabel("Password").fill("sinfonia-demo");
  await page.getByRole("button", { name: "Accedi", exact: true }).click();
  await page.getByRole("heading", { name: "Un'applicazione chiede il tuo consenso" }).waitFor();
  await page.getByText("Diario della salute").waitFor();
  await sound(page, "consent");
  await picture(page, "app-consenso");
  await page.getByRole("button", { name: "Acconsento", exact: true }).click();
  const answer = await told(page);
  assert.equal(answer.again, answer.id);
  assert.ok(answer.user.endsWith(`Patient/${answer.id}`), answer.user);
  assert.deepEqual(answer.patients, [answer.id], "only the own record");
  assert.equal(answer.write, "refused 403");
  const ask = () => fetch(`${server.base}/fhir/Patient/${answer.id}`, { headers: { authorization: `Bearer ${answer.token}` } });
  assert.equal((await ask()).status, 200);
  await page.goto(`${server.base}/app-autorizzate`);
  await page.getByRole("heading", { name: "Diario della salute" }).waitFor();
  await sound(page, "granted");
  await picture(page, "app-autorizzate");
  await page.getByRole("button", { name: /Togli il consenso/ }).click();
  await page.getByText("Il consenso è stato tolto").waitFor();
  assert.equal((await ask()).status, 401);
  await close();
});

test("a doctor chooses the patient, or opens the application from the patient", async () => {
  const { page, close } = await visitor({ expected, width: "phone" });
  await signIn(page, "mmg.rossi");
  await page.getByRole("button", { name: "Esci" }).waitFor();
  await page.goto(`${origin}/standalone`);
  await page.getByLabel("Cognome o nome dell'assistito").fill("De Luca");
  await page.getByRole("button", { name: "Cerca", exact: true }).click();
  // The label covers the round mark, as bootstrap-italia draws it.
  await page.locator("label[for^=p-]").first().click();
  await sound(page, "consent with choice");
  await picture(page, "app-consenso-scelta");
  const chosen = await page.getByRole("radio").first().getAttribute("value");
  await page.getByRole("button", { name: "Acconsento", exact: true }).click();
  const answer = await told(page);
  assert.equal(answer.id, chosen);
  assert.deepEqual(answer.patients, [chosen], "the application ends at the patient in context");
  await page.goto(`${server.base}/assistiti/${chosen}/app`);
  await sound(page, "launch");
  await page.getByRole("button", { name: /Apri/ }).click();
  await page.getByRole("heading", { name: "Un'applicazione chiede il tuo consenso" }).waitFor();
  assert.equal(await page.getByRole("radio").count(), 0, "the launch brings the patient");
  await page.getByRole("button", { name: "Acconsento", exact: true }).click();
  assert.equal((await told(page)).id, chosen);
  await close();
});

test("whoever says no sends the application away", async () => {
  const { page, close } = await visitor({ expected });
  await signIn(page, "assistita.deluca");
  await page.getByRole("button", { name: "Esci" }).waitFor();
  await page.goto(`${origin}/standalone`);
  await page.getByRole("button", { name: "Non acconsento", exact: true }).click();
  await page.locator("#out", { hasText: "access_denied" }).or(page.locator("#out", { hasText: "did not permit" })).waitFor();
  await close();
});
