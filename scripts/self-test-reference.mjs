// Makes resources/models/self-test.json anew: the known answers of the self-test, computed by one thread of this CPU.
// Run it after the starter model's files changed:  node_modules/.bin/node scripts/self-test-reference.mjs
import fs from "node:fs";
import path from "node:path";
import { locatePaths } from "../src/engine/config/paths.ts";
import { ModelStore } from "../src/engine/models/store.ts";
import { RuntimeClient } from "../src/engine/runtime-client/runtime-client.ts";
import { ForkProcessHost } from "../src/host/fork-host.ts";
import { decodeEmbedResult } from "../src/shared/canonical.ts";

const TEXTS = [
  "The quick brown fox jumps over the lazy dog.",
  "Forgot my password and cannot log in to the account.",
  "Knead the flour, water and salt, then let the dough rest for an hour.",
  "SELECT name, COUNT(*) FROM orders GROUP BY name HAVING COUNT(*) > 3;",
  "Wärmepumpen heizen auch bei −10 °C noch mit gutem Wirkungsgrad. 東京は晴れ。",
  `${"A bellows gives a fire the air it needs; a market gives a machine the work it can do. ".repeat(12)}End.`,
];

const paths = locatePaths();
const models = await ModelStore.open({
  catalogueFile: path.join(paths.resourcesFolder, "models", "catalogue.json"),
  modelFolders: paths.modelFolders,
});
const { model, spec, manifestSha256 } = await models.verify("all-MiniLM-L6-v2");
const device = { id: "cpu", kind: "cpu", index: 0, name: "CPU", memoryTotalMb: null, driverVersion: null };
await using runtime = new RuntimeClient({
  device: { ...device, computeCap: null, sensorId: null },
  host: new ForkProcessHost(),
  entry: paths.entries.runtime,
  backend: "cpu",
  threads: 1,
  keepAliveMs: 0,
});
// One text a batch: no padding has a part in the reference.
const vectors = [];
for (const text of TEXTS) {
  const items = [{ key: "text", work: { kind: "embed", texts: [text] } }];
  const {
    items: [item],
  } = await runtime.run({ model: spec, items, deadlineMs: 60_000, signal: new AbortController().signal });
  if (!item.ok) throw new Error(item.error.message);
  const { data } = decodeEmbedResult(item.bytes);
  vectors.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"));
}
const file = path.join(paths.resourcesFolder, "models", "self-test.json");
const reference = {
  model: model.id,
  manifestSha256,
  texts: TEXTS,
  dimensions: model.embed.dimensions,
  vectors,
};
fs.writeFileSync(file, `${JSON.stringify({ version: 1, references: [reference] }, null, 2)}\n`);
console.log(`Wrote ${path.relative(paths.root, file)}: ${TEXTS.length} texts of ${model.id}.`);
