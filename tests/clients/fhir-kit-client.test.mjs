// A FHIR client that others wrote works with the server as it is: `node --test tests/clients/`.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Client } from "fhir-kit-client";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = path.resolve(root, process.env.SINFONIA_BIN ?? "target/debug/sinfonia");
let folder, child, client;

before(async () => {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run "cargo build -p sinfonia", or set SINFONIA_BIN`);
  folder = await mkdtemp(path.join(os.tmpdir(), "sinfonia-clients-"));
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  const args = ["serve", "--open-api", "--data", path.join(folder, "data"), "--listen", `127.0.0.1:${port}`];
  child = spawn(binary, args, { stdio: "ignore", env: { ...process.env, RUST_LOG: "warn" } });
  const baseUrl = `http://127.0.0.1:${port}/fhir`;
  for (const end = Date.now() + 60_000; ; ) {
    const answer = await fetch(`${baseUrl}/metadata`).catch(() => undefined);
    if (answer?.ok) break;
    if (child.exitCode !== null || Date.now() > end) throw new Error("sinfonia serve does not answer");
    await new Promise((wake) => setTimeout(wake, 50));
  }
  client = new Client({ baseUrl });
});
after(async () => {
  child?.kill("SIGTERM");
  if (folder) await rm(folder, { recursive: true, force: true });
});

const observation = (id) => ({
  resourceType: "Observation",
  status: "final",
  code: { text: "x" },
  subject: { reference: `Patient/${id}` },
});

test("a resource's life", async () => {
  assert.equal((await client.capabilityStatement()).fhirVersion, "4.0.1");
  const body = { resourceType: "Patient", name: [{ family: "Rossi" }] };
  const made = await client.create({ resourceType: "Patient", body });
  const at = { resourceType: "Patient", id: made.id };
  assert.equal((await client.read(at)).name[0].family, "Rossi");
  assert.equal((await client.update({ ...at, body: { ...made, active: true } })).meta.versionId, "2");
  const jsonPatch = [{ op: "replace", path: "/name/0/family", value: "Neri" }];
  assert.equal((await client.patch({ ...at, jsonPatch })).name[0].family, "Neri");
  assert.equal((await client.vread({ ...at, version: "1" })).meta.versionId, "1");
  assert.equal((await client.history(at)).entry.length, 3);
  await client.delete(at);
  await assert.rejects(client.read(at), (error) => error.response.status === 410);
  assert.equal((await client.history(at)).entry.length, 4);
});

test("searches, pages and references", async () => {
  const { id } = await client.create({ resourceType: "Patient", body: { resourceType: "Patient", name: [{ family: "Verdi" }] } });
  for (let n = 0; n < 5; n++) await client.create({ resourceType: "Observation", body: observation(id) });
  let bundle = await client.search({ resourceType: "Observation", searchParams: { subject: `Patient/${id}`, _count: 2 } });
  const seen = new Set();
  for (; bundle; bundle = await client.nextPage({ bundle })) {
    for (const entry of bundle.entry ?? []) {
      assert.ok(!seen.has(entry.resource.id), "a page repeats nothing");
      seen.add(entry.resource.id);
    }
  }
  assert.equal(seen.size, 5);
  const posted = await client.search({ resourceType: "Patient", searchParams: { family: "Verdi" }, options: { postSearch: true } });
  assert.equal(posted.entry[0].resource.id, id);
  const context = observation(id);
  assert.equal((await client.resolve({ reference: context.subject.reference, context })).id, id);
  const all = await client.operation({ name: "everything", resourceType: "Patient", id, method: "GET" });
  assert.equal(all.entry.length, 6);
});

test("bundles and operations", async () => {
  const fullUrl = "urn:uuid:5cbc121b-cd71-4428-b8b7-31e53eba8184";
  const entry = [
    { fullUrl, resource: { resourceType: "Patient" }, request: { method: "POST", url: "Patient" } },
    { resource: { ...observation(""), subject: { reference: fullUrl } }, request: { method: "POST", url: "Observation" } },
  ];
  const done = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
  assert.deepEqual(done.entry.map((one) => one.response.status), ["201 Created", "201 Created"]);
  const get = { request: { method: "GET", url: "Patient/none" } };
  const batch = await client.batch({ body: { resourceType: "Bundle", type: "batch", entry: [get] } });
  assert.match(batch.entry[0].response.status, /^404/);
  const input = { resourceType: "Patient", gender: "female" };
  const told = await client.operation({ name: "validate", resourceType: "Patient", method: "POST", input });
  assert.equal(told.resourceType, "OperationOutcome");
});
