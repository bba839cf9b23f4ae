// One's own access: authenticator app, passkeys (Chromium's virtual authenticator), sessions, identity providers (a certified
// one that runs beside), delegations, and the administrator's accounts.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { as, picture, signIn, sound, visitor, WIDTHS } from "../support/browser.mjs";
import { server } from "../support/server.mjs";

/** The code of RFC 6238 for a secret in base32, `steps` half minutes ahead. */
function totp(secret, steps = 0) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replace(/\s/g, "")].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac("sha1", key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

async function signOut(page) {
  await page.getByRole("button", { name: "Esci", exact: true }).click();
}

async function fiscalCode(patient) {
  let code;
  await as("mmg.rossi", async (page) => {
    await page.goto(`/assistiti/${patient}`);
    code = (await page.locator("main").innerText()).match(/\b[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]\b/)?.[0];
  });
  assert.ok(code, `the page of ${patient} shows a codice fiscale`);
  return code;
}

test("an authenticator app is set up, demanded at the next sign-in, and removed", async () => {
  const { page, close } = await visitor({ expected: ["status of 401"] });
  await signIn(page, "diabetologo.russo");
  await page.goto("/accesso");
  await page.getByRole("link", { name: "Attiva" }).click();
  await page.getByRole("img", { name: "Codice QR" }).waitFor();
  await sound(page, "app");
  await picture(page, "app-desktop");
  const secret = await page.locator("code.sf-code").innerText();
  await page.getByLabel("Codice di sei cifre").fill("000000");
  await page.getByRole("button", { name: "Attiva" }).click();
  await page.getByRole("alert").filter({ hasText: "Non corretto" }).waitFor();
  const shown = await page.locator("code.sf-code").innerText();
  assert.notEqual(shown, secret, "a new secret after a wrong code");
  await page.getByLabel("Codice di sei cifre").fill(totp(shown));
  await page.getByRole("button", { name: "Attiva" }).click();
  await page.getByRole("heading", { level: 1, name: "I tuoi codici di recupero" }).waitFor();
  const codes = await page.locator(".sf-codes code").allInnerTexts();
  assert.equal(codes.length, 10);
  await sound(page, "codici");
  await picture(page, "codici-desktop");
  await page.getByRole("link", { name: "Li ho conservati" }).click();
  await page.getByText("Hai ancora 10 codici").waitFor();
  await signOut(page);

  await signIn(page, "diabetologo.russo");
  await page.getByRole("heading", { level: 1, name: "Secondo fattore" }).waitFor();
  await sound(page, "secondo fattore");
  await picture(page, "secondo-fattore-desktop");
  await page.goto("/attivita");
  assert.equal(new URL(page.url()).pathname, "/accedi", "no page before the second factor");
  await page.goto("/accedi/passo");
  await page.getByLabel("Codice", { exact: true }).fill("123456");
  await page.getByRole("button", { name: "Continua" }).click();
  await page.getByRole("alert").filter({ hasText: "Non corretto" }).waitFor();
  await page.getByLabel("Codice", { exact: true }).fill(totp(shown, 1));
  await page.getByRole("button", { name: "Continua" }).click();
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await signOut(page);

  await signIn(page, "diabetologo.russo");
  await page.getByLabel("Codice", { exact: true }).fill(codes[3].toUpperCase());
  await page.getByRole("button", { name: "Continua" }).click();
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await page.goto("/accesso");
  await page.getByText("Hai ancora 9 codici").waitFor();
  await page.getByRole("button", { name: "Togli l'app" }).click();
  await page.getByRole("status").filter({ hasText: "App di autenticazione tolta" }).waitFor();
  await close();
});

test("a passkey is registered, signs in without user name, and is removed", async () => {
  const { context, page, close } = await visitor({ expected: ["status of 401"] });
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await signIn(page, "infermiera.esposito");
  await page.goto("/accesso");
  await page.getByRole("link", { name: "Aggiungi una passkey" }).click();
  await sound(page, "passkey");
  await picture(page, "passkey-desktop");
  await page.getByLabel("Nome della passkey").fill("Telefono di lavoro");
  await page.getByRole("button", { name: "Crea la passkey" }).click();
  await page.getByRole("rowheader", { name: "Telefono di lavoro" }).waitFor();
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  await signOut(page);

  await page.goto("/accedi?da=/accesso");
  await page.getByRole("button", { name: "Accedi con una passkey" }).click();
  await page.getByRole("heading", { level: 1, name: "Il mio accesso" }).waitFor();
  await page.getByText("Sei entrato come infermiera.esposito").waitFor();
  await picture(page, "accesso-passkey-desktop");
  await signOut(page);

  // Password alone is no longer enough; the passkey is the second factor.
  await signIn(page, "infermiera.esposito");
  await page.getByRole("button", { name: "Usa una passkey" }).click();
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();

  // A device that does not know its holder is refused, in words.
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await signOut(page);
  await page.goto("/accedi");
  await page.getByRole("button", { name: "Accedi con una passkey" }).click();
  await page.getByRole("alert").filter({ hasText: "passkey non è stata accettata" }).waitFor();
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  await page.getByRole("button", { name: "Accedi con una passkey" }).click();
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await page.goto("/accesso");
  await page.getByRole("button", { name: "Togli Telefono di lavoro" }).click();
  await page.getByRole("status").filter({ hasText: "Passkey tolta" }).waitFor();
  await close();
});

test("one closes a session from another device, and it is over there", async () => {
  const there = await visitor();
  await signIn(there.page, "casemanager.ferrara");
  await there.page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await as("casemanager.ferrara", async (page) => {
    await page.goto("/accesso");
    await page.getByText("Questa sessione").waitFor();
    assert.ok((await page.getByRole("rowheader", { name: "Chrome su" }).count()) >= 2);
    await page.getByRole("button", { name: "Chiudi tutte le altre" }).click();
    await page.getByRole("status").filter({ hasText: "Sessioni chiuse" }).waitFor();
  });
  await there.page.goto("/casi");
  assert.equal(new URL(there.page.url()).pathname, "/accedi");
  await there.close();
});

/** Signs in at the provider as the person with this codice fiscale. */
async function withSpid(page, account) {
  await server.identity({ account, fault: "", given: "Persona", family: "Di Prova" });
  await page.goto("/accedi");
  await page.getByRole("link", { name: "Entra con SPID" }).click();
}

test("a citizen comes in with SPID, and the provider ends the session", async () => {
  const code = await fiscalCode("paz-001");
  const { page, close } = await visitor({ expected: ["status of 401"] });
  await withSpid(page, code);
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await page.goto("/accesso");
  await page.getByRole("rowheader", { name: "spid" }).waitFor();
  await sound(page, "accesso con SPID");
  await picture(page, "accesso-spid-desktop");
  await signOut(page);
  await page.getByRole("heading", { level: 1, name: "Sei uscito" }).waitFor();
  await sound(page, "uscita da SPID");
  await picture(page, "uscita-spid-desktop");
  await page.goto("/accesso");
  assert.equal(new URL(page.url()).pathname, "/accedi");

  await withSpid(page, code);
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  const { token } = await server.identity({ logout: { sub: code } });
  const body = new URLSearchParams({ logout_token: token });
  const answer = await fetch(`${server.base}/oidc/spid/uscita`, { method: "POST", body });
  assert.equal(answer.status, 200);
  assert.equal((await fetch(`${server.base}/oidc/spid/uscita`, { method: "POST", body })).status, 400, "once for each token");
  await page.goto("/accesso");
  assert.equal(new URL(page.url()).pathname, "/accedi");

  await server.identity({ fault: "cancelled" });
  await page.goto("/accedi");
  await page.context().clearCookies();
  await page.getByRole("link", { name: "Entra con SPID" }).click();
  await page.getByRole("alert").filter({ hasText: "Hai annullato l'accesso" }).waitFor();
  await sound(page, "SPID annullato");
  await close();
});

test("a delegate sees the other's data under a banner, until the delegation is revoked", async () => {
  const code = await fiscalCode("paz-005");
  let family;
  await as("mmg.rossi", async (page) => {
    await page.goto("/assistiti/paz-005");
    family = (await page.getByRole("heading", { level: 1 }).innerText()).replace(/\s\S+$/, "");
  });
  const giver = await visitor();
  await signIn(giver.page, "assistita.deluca");
  await giver.page.goto("/accesso/deleghe");
  await sound(giver.page, "deleghe");
  await giver.page.getByLabel("Codice fiscale").fill(code);
  await giver.page.getByLabel("Cognome").fill(family);
  await giver.page.getByLabel("Fino al").fill(new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10));
  await giver.page.getByRole("button", { name: "Dai la delega" }).click();
  await giver.page.getByRole("status").filter({ hasText: "Delega data" }).waitFor();
  await picture(giver.page, "deleghe-desktop");

  const { page, close } = await visitor({ width: "phone", expected: ["status of 404", "status of 403"] });
  await withSpid(page, code);
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await page.goto("/accesso");
  await page.getByRole("button", { name: "Vedi i suoi dati" }).click();
  const banner = page.getByRole("region", { name: "Per conto di un'altra persona" });
  await banner.filter({ hasText: "Stai vedendo i dati di" }).waitFor();
  const own = await page.goto("/assistiti/paz-001");
  assert.equal(own.status(), 200, "the other's page");
  await banner.waitFor();
  await sound(page, "per conto di");
  await picture(page, "per-conto-phone");

  await giver.page.getByRole("button", { name: "Revoca" }).first().click();
  await giver.page.getByRole("status").filter({ hasText: "Delega revocata" }).waitFor();
  const after = await page.goto("/assistiti/paz-001");
  assert.notEqual(after.status(), 200, "over at once");
  assert.equal(await banner.count(), 0);
  await giver.close();
  await close();
});

test("an administrator makes an account; its one-time code leads to a password", async () => {
  let code;
  await as("amministratore", { expected: ["status of 409"] }, async (page) => {
    await page.goto("/utenti/nuovo");
    await sound(page, "nuovo utente");
    await page.getByLabel("Nome utente").fill("nuova.prova");
    await page.getByLabel("Nome e cognome").fill("Anna Prova");
    await page.getByLabel("Persona nel registro").fill("Practitioner/nuova-prova");
    await page.getByLabel("Ruoli dati a mano").fill("infermiere");
    await page.getByRole("button", { name: "Crea l'utente" }).click();
    code = await page.locator(".sf-codes code").innerText();
    await sound(page, "codice");
    await page.goto("/utenti/nuova.prova");
    await sound(page, "utente");
    await picture(page, "utente-desktop");
  });
  const { page, close } = await visitor({ expected: ["status of 401", "status of 422"] });
  await page.goto("/accedi");
  await page.getByRole("link", { name: "codice di recupero" }).click();
  await sound(page, "recupero");
  await page.getByLabel("Nome utente").fill("nuova.prova");
  await page.getByLabel("Codice dell'amministratore").fill(code);
  await page.getByRole("button", { name: "Continua" }).click();
  const choose = async (password) => {
    await page.getByLabel("Nuova password", { exact: true }).fill(password);
    await page.getByLabel("Ripeti la nuova password").fill(password);
    await page.getByRole("button", { name: "Continua" }).click();
  };
  await choose("Password2026!");
  await page.getByRole("alert").filter({ hasText: "password più usate" }).waitFor();
  await sound(page, "password debole");
  await choose("graffetta cavallo batteria");
  await page.getByRole("button", { name: "Esci", exact: true }).waitFor();
  await close();
  await as("amministratore", async (page) => {
    await page.goto("/utenti/nuova.prova");
    await page.getByRole("button", { name: "Disattiva" }).click();
    await page.getByRole("status").filter({ hasText: "Utente disattivato" }).waitFor();
  });
});

for (const width of Object.keys(WIDTHS)) {
  test(`own access and accounts, ${width}`, async () => {
    await as("assistita.deluca", { width }, async (page) => {
      for (const [name, path] of [["accesso", "/accesso"], ["deleghe", "/accesso/deleghe"], ["password", "/accesso/password"]]) {
        await page.goto(path);
        await sound(page, name);
        await picture(page, `${name}-${width}`);
      }
    });
    await as("amministratore", { width }, async (page) => {
      await page.goto("/utenti");
      await sound(page, "utenti");
      await picture(page, `utenti-${width}`);
    });
  });
}
