// The bill of materials of a packaged app (CycloneDX 1.6, JSON): what the lockfile says goes into it, the Electron it
// runs in, and the model it brings. The same inputs give the same bytes: no time, no random number.
//   node scripts/package/sbom.mjs [--platform linux-x64] [--electron VERSION] [FILE]
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { filesUnder, readJson } from "../lib/files.mjs";
import { inRepo } from "../lib/paths.mjs";

const SPEC = "1.6";
const STARTER_MODEL = "all-MiniLM-L6-v2";

/** @param {{platform: string, electron: string}} target  platform as Node says it: "linux-x64" */
export function billOfMaterials({ platform, electron }) {
  const lock = readJson(inRepo("package-lock.json"));
  const root = lock.packages[""];
  const [os, cpu] = platform.split("-");
  const wanted = closure(lock.packages, [...Object.keys(root.dependencies), ...bundledPackages(root)], {
    os,
    cpu,
  });
  const components = [
    ...wanted.map(([place, entry]) => npmComponent(nameAt(place), entry)),
    {
      type: "framework",
      "bom-ref": `electron@${electron}`,
      name: "electron",
      version: electron,
      licenses: [{ license: { id: "MIT" } }],
      purl: `pkg:npm/electron@${electron}`,
    },
    modelComponent(),
  ].sort((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
  const bom = {
    $schema: `http://cyclonedx.org/schema/bom-${SPEC}.schema.json`,
    bomFormat: "CycloneDX",
    specVersion: SPEC,
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": `bellows@${root.version}`,
        name: "bellows",
        version: root.version,
        licenses: [{ license: { id: root.license } }],
        properties: [{ name: "bellows:platform", value: platform }],
      },
    },
    components,
    dependencies: dependencyGraph(lock.packages, root, wanted),
  };
  return { ...bom, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(bom))}` };
}

/** What the page is built from stands among the development packages, but its code is shipped inside the bundle. */
function bundledPackages(root) {
  const names = new Set();
  const from = /(?:from|import)\s*["']([^"'.][^"']*)["']/g;
  for (const folder of ["renderer", "shared"]) {
    for (const file of filesUnder(inRepo("src", folder)).filter((name) => /\.(tsx?|css)$/.test(name))) {
      const text = fs.readFileSync(file, "utf8");
      for (const match of text.matchAll(from)) names.add(packageName(match[1]));
      for (const match of text.matchAll(/@import\s+["']([^"'.][^"']*)["']/g))
        names.add(packageName(match[1]));
      for (const match of text.matchAll(/url\(["']?(@[^"')]+)["']?\)/g)) names.add(packageName(match[1]));
    }
  }
  return [...names].filter((name) => name in root.devDependencies);
}

const packageName = (request) =>
  request
    .split("/")
    .slice(0, request.startsWith("@") ? 2 : 1)
    .join("/");

/** Every installed package that the named ones need on this system: [place in the lockfile, its entry]. */
function closure(packages, names, system) {
  const found = new Map();
  const visit = (name, from) => {
    const place = placeOf(packages, name, from);
    const entry = place === null ? undefined : packages[place];
    if (entry === undefined || found.has(place) || !fits(entry, system)) return;
    found.set(place, entry);
    for (const needed of neededBy(entry)) visit(needed, place);
  };
  for (const name of names) visit(name, "");
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

const neededBy = (entry) => [
  ...Object.keys(entry.dependencies ?? {}),
  ...Object.keys(entry.optionalDependencies ?? {}),
  ...Object.keys(entry.peerDependencies ?? {}).filter(
    (name) => entry.peerDependenciesMeta?.[name]?.optional !== true,
  ),
];

/** As Node looks it up: beside the one that asks, then further out. */
function placeOf(packages, name, from) {
  for (let folder = from; ; folder = outer(folder)) {
    const place = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (place in packages) return place;
    if (folder === "") return null;
  }
}

const outer = (place) => place.split("/node_modules/").slice(0, -1).join("/node_modules/");

function fits({ os, cpu, libc }, system) {
  const allows = (list, value) => list === undefined || list.includes(value);
  return allows(os, system.os) && allows(cpu, system.cpu) && (libc === undefined || libc.includes("glibc"));
}

const nameAt = (place) => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

const purlOf = (name, version) => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;

function npmComponent(name, { version, integrity, license }) {
  return {
    type: "library",
    "bom-ref": `${name}@${version}`,
    name,
    version,
    ...(integrity === undefined ? {} : { hashes: hashesOf(integrity) }),
    ...(license === undefined ? {} : { licenses: [licenseOf(license)] }),
    purl: purlOf(name, version),
  };
}

const hashesOf = (integrity) =>
  integrity
    .split(" ")
    .filter((one) => one.startsWith("sha512-"))
    .map((one) => ({ alg: "SHA-512", content: Buffer.from(one.slice(7), "base64").toString("hex") }));

/** One id of the SPDX list, or an expression of several. */
const licenseOf = (license) =>
  /^[\w.+-]+$/.test(license) ? { license: { id: license } } : { expression: license };

function modelComponent() {
  const { models } = readJson(inRepo("resources", "models", "catalogue.json"));
  const model = models.find(({ id }) => id === STARTER_MODEL);
  return {
    type: "machine-learning-model",
    "bom-ref": `model:${model.id}@${model.version}`,
    name: model.id,
    version: model.version,
    licenses: [{ license: { id: model.licence } }],
    components: model.files.map((file) => ({
      type: "file",
      "bom-ref": `model:${model.id}/${file.path}`,
      name: file.path,
      hashes: [{ alg: "SHA-256", content: file.sha256 }],
    })),
  };
}

function dependencyGraph(packages, root, wanted) {
  const refs = new Map(wanted.map(([place, { version }]) => [place, `${nameAt(place)}@${version}`]));
  const refsOf = (names, from) => [
    ...new Set(
      names.map((name) => refs.get(placeOf(packages, name, from))).filter((ref) => ref !== undefined),
    ),
  ];
  const roots = refsOf([...Object.keys(root.dependencies), ...bundledPackages(root)], "").sort();
  const seen = new Set();
  const rest = wanted
    .map(([place, entry]) => ({ ref: refs.get(place), dependsOn: refsOf(neededBy(entry), place).sort() }))
    // The same version in two places is one component.
    .filter(({ ref }) => !seen.has(ref) && seen.add(ref));
  return [{ ref: `bellows@${root.version}`, dependsOn: roots }, ...rest];
}

/** A version-8 UUID made of the content's hash. */
function uuidOf(text) {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { platform: { type: "string" }, electron: { type: "string" } },
  });
  const electron = values.electron ?? readJson(inRepo("package.json")).devDependencies.electron;
  const platform = values.platform ?? `${process.platform}-${process.arch}`;
  const text = `${JSON.stringify(billOfMaterials({ platform, electron }), null, 2)}\n`;
  const [file] = positionals;
  if (file === undefined) process.stdout.write(text);
  else {
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) main();
