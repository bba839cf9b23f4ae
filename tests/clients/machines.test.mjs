// Systems without a user, written with Node's own cryptography and TLS: SMART Backend Services with keys, tokens bound to a
// certificate over mutual TLS, keys changed meanwhile. `node --test tests/clients/machines.test.mjs`
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { X509Certificate, createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import https from "node:https";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const binary = path.resolve(root, process.env.SINFONIA_BIN ?? "target/debug/sinfonia");
const lab = generateKeyPairSync("ec", { namedCurve: "P-384" });
let folder, data, child, port, base;

const file = (name) => path.join(folder, name);
const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
const sinfonia = (...args) => execFileSync(binary, [...args, "--data", data], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** An authority, a server and two clients of it. */
function certificates() {
  const subject = (name) => ["-subj", `/C=IT/O=Prova/CN=${name}`];
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...ec, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", ...subject("ca"), "-addext", "basicConstraints=critical,CA:TRUE");
  for (const name of ["server", "his", "altro"]) {
    openssl("req", ...ec, "-keyout", `${name}.key`, "-out", `${name}.csr`, ...subject(name));
    writeFileSync(file(`${name}.ext`), `subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", `${name}.ext`, "-out", `${name}.pem`);
  }
}

async function serve() {
  const tls = ["--tls-cert", file("server.pem"), "--tls-key", file("server.key"), "--tls-client-ca", file("ca.pem")];
  child = spawn(binary, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`, "--base-url", base, ...tls], { stdio: "ignore", env: { ...process.env, RUST_LOG: "warn" } });
  for (const end = Date.now() + 60_000; ; ) {
    const answer = await ask("/fhir/metadata").catch(() => undefined);
    if (answer?.status === 200) return;
    if (child.exitCode !== null || Date.now() > end) throw new Error("sinfonia serve does not answer");
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

/** One request over TLS; `as` names the certificate that is shown. */
function ask(where, { as, form, token } = {}) {
  const shown = as ? { cert: readFileSync(file(`${as}.pem`)), key: readFileSync(file(`${as}.key`)) } : {};
  const headers = { accept: "application/json" };
  if (form) headers["content-type"] = "application/x-www-form-urlencoded";
  if (token) headers.authorization = `Bearer ${token}`;
  const options = { method: form ? "POST" : "GET", ca: readFileSync(file("ca.pem")), headers, agent: new https.Agent({ ...shown }), ...shown };
  return new Promise((done, fail) => {
    const request = https.request(`${base}${where}`, options, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      done({ status: response.statusCode, body: text.startsWith("{") ? JSON.parse(text) : text });
    });
    request.on("error", fail);
    request.end(form ? new URLSearchParams(form).toString() : undefined);
  });
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What the manual says an assertion is. */
function assertion(change = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "lab", sub: "lab", aud: `${base}/oauth/token`, exp: now + 240, iat: now, jti: randomUUID(), ...change };
  const message = `${part({ alg: "ES384", typ: "JWT", kid: "lab-1" })}.${part(claims)}`;
  return `${message}.${sign("sha384", Buffer.from(message), { key: lab.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const backend = (client_assertion, scope = "system/Patient.rs") => ({
  grant_type: "client_credentials",
  scope,
  client_assertion,
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
});

before(async () => {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run "cargo build -p sinfonia", or set SINFONIA_BIN`);
  folder = await mkdtemp(path.join(os.tmpdir(), "sinfonia-machines-"));
  data = file("data");
  certificates();
  const keys = [{ ...lab.publicKey.export({ format: "jwk" }), kid: "lab-1", alg: "ES384", use: "sig" }];
  writeFileSync(file("lab.jwks"), JSON.stringify({ keys }));
  sinfonia("client", "add", "lab", "--name", "Laboratorio", "--keys", file("lab.jwks"), "--role", "sistema", "--scope", "system/Patient.rs");
  const thumbprint = createHash("sha256").update(new X509Certificate(readFileSync(file("his.pem"))).raw).digest("base64url");
  sinfonia("client", "add", "his", "--name", "HIS", "--certificate", thumbprint, "--role", "sistema", "--scope", "system/*.cruds");
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  ({ port } = probe.address());
  probe.close();
  await once(probe, "close");
  base = `https://localhost:${port}`;
  await serve();
});
after(async () => {
  child?.kill("SIGTERM");
  if (folder) await rm(folder, { recursive: true, force: true });
});

test("a system signs its assertion and reads what its scopes say", async () => {
  const signed = assertion();
  const { status, body } = await ask("/oauth/token", { form: backend(signed) });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.scope, "system/Patient.rs");
  const token = body.access_token;
  assert.equal((await ask("/fhir/Patient", { token })).status, 200);
  assert.equal((await ask("/fhir/Observation", { token })).status, 403);
  assert.equal((await ask("/", { token })).status, 403);
  assert.equal((await ask("/fhir/Patient")).status, 401);
  assert.equal((await ask("/oauth/token", { form: backend(signed) })).body.error, "invalid_client");
  for (const change of [{ aud: "https://altro.example.it" }, { exp: 1 }, { iss: "his" }, { jti: undefined }]) {
    const refused = await ask("/oauth/token", { form: backend(assertion(change)) });
    assert.equal(refused.body.error, "invalid_client", JSON.stringify(change));
  }
});

test("a token bound to a certificate is of no use without it", async () => {
  const form = { grant_type: "client_credentials", client_id: "his", scope: "system/Patient.rs" };
  assert.equal((await ask("/oauth/token", { form })).status, 401);
  assert.equal((await ask("/oauth/token", { form, as: "altro" })).status, 401);
  const { status, body } = await ask("/oauth/token", { form, as: "his" });
  assert.equal(status, 200, JSON.stringify(body));
  const token = body.access_token;
  assert.equal((await ask("/fhir/Patient", { token, as: "his" })).status, 200);
  assert.equal((await ask("/fhir/Patient", { token })).status, 401);
  assert.equal((await ask("/fhir/Patient", { token, as: "altro" })).status, 401);
});

test("keys change and tokens go on", async () => {
  const { body } = await ask("/oauth/token", { form: backend(assertion()) });
  child.kill("SIGTERM");
  await once(child, "exit");
  const listed = sinfonia("key", "rotate").trim().split("\n");
  assert.equal(listed.length, 4);
  await serve();
  assert.equal((await ask("/oauth/jwks")).body.keys.length, 4);
  assert.equal((await ask("/fhir/Patient", { token: body.access_token })).status, 200);
  const fresh = await ask("/oauth/token", { form: backend(assertion()) });
  assert.equal((await ask("/fhir/Patient", { token: fresh.body.access_token })).status, 200);
});
