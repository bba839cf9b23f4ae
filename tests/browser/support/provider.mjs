// A certified OpenID provider (npm oidc-provider) as SPID or CIE would be, for tests. Started as a program of its own:
// `node provider.mjs '{"port":0,"client":"…","base":"http://…","jwks":{…},"signedUserinfo":false}'`; it prints one line of JSON
// with its issuer. POST /control changes who signs in and what is wrong with the tokens; "keys": "rotate" changes its keys.
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import * as jose from "jose";
import { Provider } from "oidc-provider";

const options = JSON.parse(process.argv[2] ?? "{}");
const L2 = "https://www.spid.gov.it/SpidL2";
const state = { account: "RSSMRA80A01H501U", given: "Mario", family: "Rossi", acr: L2, fault: "" };
const FISCAL = "https://attributes.eid.gov.it/fiscal_number";

let keys, provider, handle;
async function newKey() {
  const { privateKey } = await jose.generateKeyPair("RS256", { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid: randomUUID(), alg: "RS256", use: "sig" };
}

const claimsOf = (id) => ({ sub: id, given_name: state.given, family_name: state.family, [FISCAL]: `TINIT-${id}` });

async function sign(claims, header = {}) {
  const key = await jose.importJWK(keys[0], "RS256");
  return new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: keys[0].kid, ...header }).sign(key);
}

// What a broken or hostile provider would answer.
async function spoil(idToken, accessToken) {
  const claims = jose.decodeJwt(idToken);
  const now = Math.floor(Date.now() / 1000);
  const spoils = {
    nonce: { nonce: "altro" }, audience: { aud: "altri" }, issuer: { iss: "https://altro.example.it" },
    expired: { exp: now - 3600, iat: now - 7200 }, hash: { at_hash: createHash("sha256").update("x").digest("base64url").slice(0, 22) },
    party: { aud: [claims.aud, "altri"], azp: "altri" }, future: { iat: now + 3600, exp: now + 7200 },
  };
  if (state.fault === "none") return `${jose.base64url.encode('{"alg":"none"}')}.${jose.base64url.encode(JSON.stringify(claims))}.`;
  if (state.fault === "foreign") {
    const { privateKey } = await jose.generateKeyPair("RS256");
    return new jose.SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: keys[0].kid }).sign(privateKey);
  }
  return spoils[state.fault] ? sign({ ...claims, ...spoils[state.fault] }) : idToken;
}

function start(issuer) {
  const { client, base } = options;
  provider = new Provider(issuer, {
    clients: [{
      client_id: client, redirect_uris: [`${base}/accedi/ritorno/spid`], post_logout_redirect_uris: [`${base}/accedi`],
      token_endpoint_auth_method: "private_key_jwt", token_endpoint_auth_signing_alg: "RS256", jwks: options.jwks,
      grant_types: ["authorization_code"], response_types: ["code"], require_signed_request_object: Boolean(options.requestObject),
      backchannel_logout_uri: `${base}/oidc/spid/uscita`, backchannel_logout_session_required: true,
      ...(options.signedUserinfo ? { userinfo_signed_response_alg: "RS256" } : {}),
    }],
    jwks: { keys },
    pkce: { required: () => true },
    acrValues: ["https://www.spid.gov.it/SpidL1", L2, "https://www.spid.gov.it/SpidL3"],
    claims: { openid: ["sub", "acr", "sid"], profile: ["given_name", "family_name", FISCAL], acr: null },
    features: {
      devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, jwtUserinfo: { enabled: true },
      requestObjects: { enabled: true }, rpInitiatedLogout: { enabled: true }, claimsParameter: { enabled: true },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    cookies: { keys: ["prova"] },
    ttl: { Session: 3600, Grant: 3600, AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 600 },
    findAccount: (_, id) => ({ accountId: id, claims: (use) => ({ ...claimsOf(id), ...(use === "userinfo" && state.fault === "subject" ? { sub: "altra persona" } : {}) }) }),
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === "token" && ctx.body?.id_token) ctx.body.id_token = await spoil(ctx.body.id_token, ctx.body.access_token);
    if (ctx.oidc?.route === "userinfo" && state.fault === "subject" && typeof ctx.body === "object") ctx.body.sub = "altra persona";
  });
  handle = provider.callback();
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (state.fault === "cancelled") {
    return provider.interactionFinished(request, response, { error: "access_denied", error_description: "ErrorCode nr25" });
  }
  const grant = new provider.Grant({ accountId: state.account, clientId: details.params.client_id });
  grant.addOIDCScope("openid profile");
  grant.addOIDCClaims([FISCAL]);
  const result = { login: { accountId: state.account, acr: state.acr }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function control(request, response) {
  let text = "";
  for await (const chunk of request) text += chunk;
  const wanted = JSON.parse(text || "{}");
  if (wanted.keys === "rotate") {
    keys = [await newKey()];
    start(provider.issuer);
  }
  Object.assign(state, wanted);
  const now = Math.floor(Date.now() / 1000);
  const event = { "http://schemas.openid.net/event/backchannel-logout": {} };
  const logout = { iss: provider.issuer, aud: options.client, iat: now, exp: now + 120, jti: randomUUID(), events: event, ...wanted.logout };
  const body = wanted.logout ? { token: await sign(logout, { typ: "logout+jwt" }) } : {};
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  const failed = (error) => response.writeHead(500).end(String(error?.stack ?? error));
  if (path === "/control") return control(request, response).catch(failed);
  if (path.startsWith("/interaction/")) return interact(request, response).catch(failed);
  return handle(request, response);
});
server.listen(options.port ?? 0, "127.0.0.1");
await once(server, "listening");
keys = [await newKey()];
start(`http://127.0.0.1:${server.address().port}`);
console.log(JSON.stringify({ issuer: provider.issuer }));
// The parent ends: so does this.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
