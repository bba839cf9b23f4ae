// One server for the whole run: a demo region of its own in a temporary folder, on a free port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { calculateJwkThumbprint } from "jose";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const binary = path.resolve(root, process.env.SINFONIA_BIN ?? "target/debug/sinfonia");

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

class Server {
  #child;
  #provider;

  /** Builds the demo region (without Synthea, so that every machine has the same people) and serves it. */
  async start() {
    if (!existsSync(binary)) throw new Error(`${binary} is missing: run "cargo build -p sinfonia", or set SINFONIA_BIN`);
    this.folder = await mkdtemp(path.join(os.tmpdir(), "sinfonia-browser-"));
    this.data = path.join(this.folder, "data");
    this.log = path.join(this.folder, "log.txt");
    const demo = await this.#run(["demo", "--synthea", path.join(this.folder, "none"), "--data", this.data]);
    const [code] = await once(demo, "exit");
    if (code !== 0) throw new Error(`sinfonia demo failed:\n${await readFile(this.log, "utf8")}`);
    this.port = await freePort();
    // By name: browsers keep passkeys for domain names only.
    this.base = `http://localhost:${this.port}`;
    await this.#startProvider();
    await this.serve();
  }

  async #run(args) {
    const log = await open(this.log, "a");
    const child = spawn(binary, args, { stdio: ["ignore", log.fd, log.fd], env: { ...process.env, RUST_LOG: "warn" } });
    child.on("exit", () => log.close());
    return child;
  }

  /** An identity provider beside, and the configuration that names it. */
  async #startProvider() {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 3072 });
    await writeFile(path.join(this.folder, "rp.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const jwk = publicKey.export({ format: "jwk" });
    const jwks = { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk), alg: "RS256", use: "sig" }] };
    const options = { client: "sinfonia", base: this.base, jwks, requestObject: true };
    this.#provider = spawn("node", [path.join(root, "tests/browser/support/provider.mjs"), JSON.stringify(options)], { stdio: ["pipe", "pipe", "ignore"] });
    const [line] = await once(this.#provider.stdout, "data");
    this.issuer = JSON.parse(line).issuer;
    const acr = { id_token: { acr: { values: ["https://www.spid.gov.it/SpidL2"] } } };
    const spid = { name: "spid", label: { it: "Entra con SPID", en: "Sign in with SPID" }, issuer: this.issuer, clientId: "sinfonia",
      scopes: ["openid", "profile"], acrValues: ["https://www.spid.gov.it/SpidL2"], requestObject: true, claims: acr };
    this.oidc = path.join(this.folder, "oidc.json");
    await writeFile(this.oidc, JSON.stringify({ keyFiles: ["rp.pem"], providers: [spid] }));
  }

  /** Changes what the identity provider does. */
  async identity(wanted) {
    const answer = await fetch(`${this.issuer}/control`, { method: "POST", body: JSON.stringify(wanted) });
    return answer.json();
  }

  /** Starts serving and waits until a page is answered. */
  async serve() {
    this.#child = await this.#run(["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`, "--base-url", this.base, "--oidc", this.oidc]);
    let gone = false;
    this.#child.on("exit", () => (gone = true));
    for (const end = Date.now() + 60_000; Date.now() < end; ) {
      if (gone) throw new Error(`sinfonia serve stopped:\n${await readFile(this.log, "utf8")}`);
      const answer = await fetch(`${this.base}/accedi`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((wake) => setTimeout(wake, 20));
    }
    throw new Error("sinfonia serve did not answer within a minute");
  }

  /** SIGKILL: no goodbye, nothing is flushed. */
  async kill() {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  async stop() {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await gone;
    }
    this.#provider?.stdin.end();
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }

  /** What the server said: an error there is a failure of the run. */
  async errors() {
    const text = await readFile(this.log, "utf8");
    return text.split("\n").filter((line) => line.includes("ERROR") || line.includes("panicked"));
  }
}

export const server = new Server();
