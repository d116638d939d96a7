/**
 * Makes resources/demo/traps.json: reference embeddings of some of the demo's texts, from a CPU run of the product's own
 * runtime. It asks as a customer does (a devnet, a worker, one job, its result), so it needs nothing but the command
 * line: `node scripts/make-traps.mjs [bellows.js]`. Needed again only when the model or the texts change.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { decode } from "cborg";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const CLI = process.argv[2] ?? join(ROOT, "dist/node/cli.js");
const MODEL = "all-MiniLM-L6-v2";
const PER_SUBJECT = { queries: 1, sentences: 2 };
const PATIENCE_MS = 60_000;
const env = { ...process.env, GPU_BACKEND: "cpu", BELLOWS_KEY_PASSPHRASE: "made for one run only" };

const data = mkdtempSync(join(tmpdir(), "bellows-traps-"));
const children = [];
try {
  const { subjects } = readJson("resources/demo/texts.json");
  const texts = subjects.flatMap(({ queries, sentences }) => [
    ...queries.slice(0, PER_SUBJECT.queries),
    ...sentences.slice(0, PER_SUBJECT.sentences),
  ]);
  const addresses = JSON.parse(
    await firstLine(
      start(
        "devnet",
        "--demand",
        "0",
        "--json",
        ...["coordinator", "chain", "queue", "node"].flatMap((name) => [`--${name}-port`, "0"]),
      ),
    ),
  );
  const {
    AICF_QUEUE_URL: queue,
    RPC_URL,
    CHAIN_ID,
    BELLOWS_AUTO_STAKE,
    BELLOWS_STAKE_WITHOUT_BACKUP,
  } = addresses;
  const job = await (
    await fetch(`${queue}/v1/jobs`, {
      method: "POST",
      body: JSON.stringify({ kind: "embed", model: MODEL, input: texts, fee: 1_000_000 }),
    })
  ).json();
  Object.assign(env, {
    AICF_QUEUE_URL: queue,
    RPC_URL,
    CHAIN_ID,
    BELLOWS_AUTO_STAKE,
    BELLOWS_STAKE_WITHOUT_BACKUP,
  });
  start("serve", "--port", "0", "--no-dashboard");
  const result = await resultOf(`${queue}/v1/jobs/${job.job_id}/result`);
  const { tensor } = decode(Buffer.from(result.output, "base64"));
  const [count, dimensions] = tensor.shape;
  if (count !== texts.length) throw new Error(`${count} embeddings for ${texts.length} texts`);

  const model = readJson("resources/models/catalogue.json").models.find(({ id }) => id === MODEL);
  const row = 4 * dimensions;
  const traps = {
    version: 1,
    models: [MODEL, ...model.aliases],
    manifest_sha256: await manifestIn(result),
    tolerance: { cosine: model.tolerance.cosine, max_abs: model.tolerance.maxAbs },
    dimensions,
    references: texts.map((text, i) => ({
      text,
      f32: Buffer.from(tensor.data.subarray(i * row, (i + 1) * row)).toString("base64"),
    })),
  };
  writeFileSync(join(ROOT, "resources/demo/traps.json"), `${JSON.stringify(traps, null, 2)}\n`);
  console.log(`${texts.length} references of ${dimensions} values`);
} finally {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(
    children.map((child) => child.exitCode ?? new Promise((done) => child.once("exit", done))),
  );
  rmSync(data, { recursive: true, force: true });
}

function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

function start(...args) {
  const child = spawn(process.execPath, [CLI, ...args, "--data", data], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

async function firstLine(child) {
  let text = "";
  for await (const chunk of child.stdout.setEncoding("utf8")) {
    text += chunk;
    if (text.includes("\n")) return text.split("\n")[0];
  }
  throw new Error("it ended without a word");
}

async function resultOf(url) {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const answer = await fetch(url);
    if (answer.ok) return answer.json();
    await new Promise((resume) => setTimeout(resume, 200));
  }
  throw new Error("The worker gave no result in time");
}

/** The manifest hash in the receipt, once the product itself has verified that receipt. */
async function manifestIn(result) {
  const file = join(data, "receipt.cbor");
  const bytes = Buffer.from(result.receipt.slice(2), "hex");
  writeFileSync(file, bytes);
  await promisify(execFile)(process.execPath, [CLI, "verify", file], { env });
  return decode(bytes).model.manifest_sha256;
}
