/** An npm registry on loopback with one package in it. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type ModelServer, serveModels } from "./model-server.ts";
import { tempFolder } from "./temp-folder.ts";

export interface PackageContents {
  readonly name: string;
  readonly version: string;
  /** Path in the package → its bytes, or the file that holds them. */
  readonly files: Readonly<Record<string, Buffer | { readonly file: string }>>;
}

/** The tarball is served as `p.tgz`, what npm asks about the package as its name. */
export async function serveRegistry({ name, version, files }: PackageContents): Promise<ModelServer> {
  const folder = tempFolder();
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, "package", path);
    mkdirSync(dirname(file), { recursive: true });
    if (Buffer.isBuffer(content)) writeFileSync(file, content);
    else linkOrCopy(content.file, file);
  }
  const manifest = { name, version };
  writeFileSync(join(folder, "package", "package.json"), JSON.stringify(manifest));
  expect(spawnSync("tar", ["-czf", "p.tgz", "package"], { cwd: folder }).status).toBe(0);
  const tarball = readFileSync(join(folder, "p.tgz"));
  const server = await serveModels({ "p.tgz": tarball });
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const dist = { tarball: `${server.url}p.tgz`, integrity };
  const packument = {
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, dist } },
  };
  server.files.set(name, Buffer.from(JSON.stringify(packument)));
  return server;
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    writeFileSync(to, readFileSync(from)); // On another file system.
  }
}
