// Signs a release: adds our own Ed25519 signatures to the feed file that electron-builder wrote (latest-linux.yml, …).
//   node scripts/sign-update.mjs --new-key FILE                       makes a key; prints the public half for keys.ts
//   node scripts/sign-update.mjs --key FILE --channel latest [--platform linux-x64] FEED.yml
// The packages lie beside FEED.yml. The key file is as secret as the name Bellows: keep it off every build machine.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { parse, stringify } from "yaml";

const RAW_KEY_BYTES = 32;

/** What src/main/updates/signature.ts checks, line by line. */
export function signedText({ sha256, version, platform, channel }) {
  return `bellows release v1\n${sha256}\n${version}\n${platform}\n${channel}\n`;
}

/** The public key as keys.ts holds it: raw, base64. */
export function publicHalf(privateKeyPem) {
  const der = createPublicKey(createPrivateKey(privateKeyPem)).export({ format: "der", type: "spki" });
  return der.subarray(-RAW_KEY_BYTES).toString("base64");
}

export function newKey() {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" });
}

/** Signs every file the feed names. Throws when one is missing or is not what the feed says it is. */
export function signFeed(feedFile, { privateKeyPem, channel, platform }) {
  const feed = parse(fs.readFileSync(feedFile, "utf8"));
  const key = createPrivateKey(privateKeyPem);
  const files = {};
  for (const { url, sha512 } of feed.files) {
    const name = path.basename(decodeURIComponent(url));
    const bytes = fs.readFileSync(path.join(path.dirname(feedFile), name));
    if (createHash("sha512").update(bytes).digest("base64") !== sha512) {
      throw new Error(`${name} is not the file that ${path.basename(feedFile)} describes.`);
    }
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const text = signedText({ sha256, version: feed.version, platform, channel });
    files[name] = { sha256, signature: sign(null, Buffer.from(text), key).toString("base64") };
  }
  if (Object.keys(files).length === 0) throw new Error(`${feedFile} names no file.`);
  const signed = { ...feed, bellows: { channel, platform, files } };
  fs.writeFileSync(`${feedFile}.next`, stringify(signed));
  fs.renameSync(`${feedFile}.next`, feedFile);
  return Object.keys(files);
}

/** electron-builder's name of the feed says the system; the machine is x64 unless it says otherwise. */
function platformOf(feedFile) {
  const name = path.basename(feedFile, ".yml");
  const arch = name.endsWith("-arm64") ? "arm64" : "x64";
  if (name.includes("-linux")) return `linux-${arch}`;
  return name.includes("-mac") ? `darwin-${arch}` : `win32-${arch}`;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "new-key": { type: "string" },
      key: { type: "string" },
      channel: { type: "string" },
      platform: { type: "string" },
    },
  });
  const wanted = values["new-key"];
  if (wanted !== undefined) {
    const pem = newKey();
    fs.writeFileSync(wanted, pem, { mode: 0o600, flag: "wx" });
    process.stdout.write(
      `Private key: ${wanted}\nPublic key for src/main/updates/keys.ts: ${publicHalf(pem)}\n`,
    );
    return;
  }
  const [feedFile] = positionals;
  if (feedFile === undefined || values.key === undefined || !["latest", "beta"].includes(values.channel)) {
    process.stderr.write("Usage: sign-update.mjs --key FILE --channel latest|beta [--platform P] FEED.yml\n");
    process.exitCode = 2;
    return;
  }
  const platform = values.platform ?? platformOf(feedFile);
  const privateKeyPem = fs.readFileSync(values.key, "utf8");
  const names = signFeed(feedFile, { privateKeyPem, channel: values.channel, platform });
  process.stdout.write(`Signed for ${platform}, channel ${values.channel}: ${names.join(", ")}\n`);
}

if (import.meta.url === pathToFileURL(fs.realpathSync(process.argv[1])).href) main();
