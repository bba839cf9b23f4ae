// One server for the whole run: a demo region of its own in a temporary folder, on a free port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

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
    this.base = `http://127.0.0.1:${this.port}`;
    await this.serve();
  }

  async #run(args) {
    const log = await open(this.log, "a");
    const child = spawn(binary, args, { stdio: ["ignore", log.fd, log.fd], env: { ...process.env, RUST_LOG: "warn" } });
    child.on("exit", () => log.close());
    return child;
  }

  /** Starts serving and waits until a page is answered. */
  async serve() {
    this.#child = await this.#run(["serve", "--data", this.data, "--listen", `127.0.0.1:${this.port}`]);
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
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }

  /** What the server said: an error there is a failure of the run. */
  async errors() {
    const text = await readFile(this.log, "utf8");
    return text.split("\n").filter((line) => line.includes("ERROR") || line.includes("panicked"));
  }
}

export const server = new Server();
