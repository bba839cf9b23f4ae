// Passkeys: buttons with data-passkey="entra|registra|conferma". Without a browser that knows them the buttons stay hidden.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => list?.map((item) => ({ ...item, id: toBytes(item.id) }));

// Browsers belong a passkey to a domain name: at a bare address there are none.
const bare = /^[\d.]+$|:/.test(location.hostname);
const able = window.PublicKeyCredential && window.isSecureContext && !bare;

async function ask(url, body, csrf) {
  const headers = { "content-type": "application/json", accept: "application/json", ...(csrf ? { "x-csrf-token": csrf } : {}) };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.errore ?? "");
  return said;
}

function made(credential) {
  const { response } = credential;
  const common = { id: credential.id, rawId: toText(credential.rawId), type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(), authenticatorAttachment: credential.authenticatorAttachment ?? undefined };
  if (response.attestationObject) {
    return { ...common, response: { clientDataJSON: toText(response.clientDataJSON), attestationObject: toText(response.attestationObject),
      authenticatorData: toText(response.getAuthenticatorData()), publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
      publicKey: response.getPublicKey() ? toText(response.getPublicKey()) : undefined, transports: response.getTransports() } };
  }
  return { ...common, response: { clientDataJSON: toText(response.clientDataJSON), authenticatorData: toText(response.authenticatorData),
    signature: toText(response.signature), userHandle: toText(response.userHandle) } };
}

async function run(button) {
  const { passkey, csrf, url } = button.dataset;
  const { ceremony, options } = await ask(`${url}/sfida`, {}, csrf);
  const plain = options.publicKey ?? options;
  const publicKey = { ...plain, challenge: toBytes(plain.challenge) };
  let credential;
  if (passkey === "registra") {
    publicKey.user = { ...plain.user, id: toBytes(plain.user.id) };
    publicKey.excludeCredentials = named(plain.excludeCredentials);
    credential = await navigator.credentials.create({ publicKey });
  } else {
    publicKey.allowCredentials = named(plain.allowCredentials);
    credential = await navigator.credentials.get({ publicKey });
  }
  const nome = button.form?.elements.nome?.value ?? "";
  const { vai } = await ask(url, { ceremony, answer: made(credential), nome, da: button.dataset.da ?? "" }, csrf);
  location.assign(vai);
}

for (const button of document.querySelectorAll("[data-passkey]")) {
  if (!able) continue;
  button.hidden = false;
  const told = document.getElementById(button.dataset.errore);
  button.addEventListener("click", async () => {
    told.hidden = true;
    button.disabled = true;
    try {
      await run(button);
    } catch (error) {
      // The browser's own words (the person closed the window, no passkey here) are for developers.
      told.textContent = (error instanceof DOMException ? "" : error.message) || told.dataset.altrimenti;
      told.hidden = false;
      told.focus();
    }
    button.disabled = false;
  });
}
