// Chromium, signed-in pages, and what must hold on every page: no console error, no policy violation, no accessibility
// violation, nothing wider than the screen.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";
import { root, server } from "./server.mjs";

const PASSWORD = "sinfonia-demo";
export const WIDTHS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const artifacts = path.join(root, "artifacts");
const axeSource = await readFile(path.join(root, "node_modules/axe-core/axe.min.js"), "utf8");

let chrome;
export async function openBrowser() {
  await mkdir(artifacts, { recursive: true });
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const args = ["--no-sandbox", ...quiet, "--disable-component-update", "--disable-sync"];
  chrome = await chromium.launch({ executablePath, args });
}
export const closeBrowser = () => chrome?.close();

/** A fresh visitor. `trouble` collects what the browser complains about. */
export async function visitor({ width = "desktop", javaScriptEnabled = true, expected = [] } = {}) {
  const context = await chrome.newContext({ baseURL: server.base, viewport: WIDTHS[width], javaScriptEnabled, locale: "it-IT", acceptDownloads: true });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const trouble = [];
  const note = (text) => expected.some((known) => text.includes(known)) || trouble.push(text);
  page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()}`));
  page.on("pageerror", (error) => note(`script: ${error.message}`));
  page.on("requestfailed", (request) => request.failure()?.errorText === "net::ERR_ABORTED" || note(`request: ${request.url()} ${request.failure()?.errorText}`));
  if (javaScriptEnabled) {
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
    });
  }
  const close = async () => {
    await context.close();
    assert.deepEqual(trouble, [], "the browser complained");
  };
  return { context, page, trouble, close };
}

/** Fills in the sign-in form. */
export async function signIn(page, user, password = PASSWORD) {
  await page.goto("/accedi");
  await page.getByLabel("Nome utente").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Accedi", exact: true }).click();
}

/** Does something as a signed-in user, and fails if the browser complained meanwhile. */
export async function as(user, options, work) {
  if (typeof options === "function") [options, work] = [{}, options];
  const seen = await visitor(options);
  try {
    await signIn(seen.page, user);
    await seen.page.getByRole("button", { name: "Esci" }).waitFor();
    await work(seen.page, seen);
  } catch (error) {
    if (seen.trouble.length > 0) error.message += `\nthe browser complained: ${seen.trouble.join("; ")}`;
    await seen.context.close();
    throw error;
  }
  await seen.close();
}

/** Waits for every diagram that can be seen to be in its viewer. */
export async function settled(page) {
  await page.waitForFunction(() =>
    [...document.querySelectorAll("[data-bpmn]")].every((frame) => frame.dataset.ready || frame.closest("details:not([open])")));
}

/** No accessibility violation (axe, all of its rules), nothing wider than the screen, a title, one main heading. */
export async function sound(page, what) {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map((v) => `${v.id}: ${v.help} at ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(" | ")}`);
  assert.deepEqual(told, [], `${what}: accessibility`);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wider <= 0, `${what}: ${wider} px wider than the screen`);
  assert.match(await page.title(), /\S.* · Sinfonia$/, `${what}: title`);
  assert.equal(await page.locator("h1").count(), 1, `${what}: one h1`);
}

/** A picture of the whole page in artifacts/. */
export async function picture(page, name) {
  await page.screenshot({ path: path.join(artifacts, `${name}.png`), fullPage: true });
}
