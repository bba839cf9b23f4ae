// Builds crates/web/dist: content-hashed files, each also gzipped, and manifest.json (plain name -> hashed name).
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../../..");
const modules = path.join(root, "node_modules");
const dist = path.resolve(here, "../dist");
const fonts = path.join(modules, "bootstrap-italia/dist/fonts/Titillium_Web");

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });

const manifest = {};
async function put(name, bytes, compress = true) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const file = `${stem}-${hash}${ext}`;
  manifest[name] = file;
  await writeFile(path.join(dist, file), bytes);
  if (compress) await writeFile(path.join(dist, `${file}.gz`), gzipSync(bytes, { level: 9 }));
  return file;
}

// Fonts: our own @font-face, woff2 only, so that the style sheet needs no script and no other origin.
const weights = { 300: "300", regular: "400", italic: "400", 600: "600", 700: "700" };
let faces = "";
for (const [part, weight] of Object.entries(weights)) {
  const bytes = await readFile(path.join(fonts, `titillium-web-v10-latin-ext_latin-${part}.woff2`));
  const file = await put(`titillium-${part}.woff2`, bytes, false);
  const style = part === "italic" ? "italic" : "normal";
  faces += `@font-face{font-family:"Titillium Web";font-style:${style};font-weight:${weight};font-display:swap;src:url("${file}") format("woff2")}\n`;
}

// Styles: the library as it is (without its embedded icon font, which a strict policy refuses), then ours.
const library = await readFile(path.join(modules, "bootstrap-italia/dist/css/bootstrap-italia.min.css"), "utf8");
const clean = library.replace(/@font-face\{[^}]*data:[^}]*\}/g, "").replace(/\/\*# sourceMappingURL=.*?\*\//g, "");
const bundled = async (file) =>
  (await build({ entryPoints: [path.join(here, "src", file)], bundle: true, minify: true, write: false, logLevel: "warning",
    loader: { ".woff": "empty", ".woff2": "empty", ".ttf": "empty", ".eot": "empty", ".svg": "empty", ".png": "empty" },
    nodePaths: [modules], target: ["chrome109", "firefox115", "safari16"], format: "esm", legalComments: "none" })).outputFiles[0].text;
await put("app.css", `${faces}${clean}\n${await bundled("app.css")}`);
await put("diagram.css", await bundled("diagram.css"));
await put("map.css", await bundled("map.css"));

// Scripts: a small one on every page, islands where a page asks for them.
for (const script of await readdir(path.join(here, "src"))) {
  if (script.endsWith(".js")) await put(script, await bundled(script));
}

// Icons.
await put("sprites.svg", await readFile(path.join(modules, "bootstrap-italia/dist/svg/sprites.svg")));
await put("favicon.svg", await readFile(path.join(here, "src/favicon.svg")));

await writeFile(path.join(dist, "manifest.json"), JSON.stringify(manifest, null, 1));
