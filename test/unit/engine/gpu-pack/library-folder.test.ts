import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareLibraryFolder } from "../../../../src/engine/gpu-pack/library-folder.ts";
import { packagedLibraryFolder } from "../../../../src/shared/runtime/onnx-library.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

function app(binding: string): string {
  const folder = tempFolder();
  writeFileSync(join(folder, "onnxruntime_binding.node"), binding);
  writeFileSync(join(folder, "libonnxruntime.so.1"), "library");
  return folder;
}

test("gets a copy of the binding and a link to the library, and keeps what else it holds", () => {
  const [from, folder] = [app("one"), tempFolder()];
  writeFileSync(join(folder, "libonnxruntime_providers_cuda.so"), "provider");
  prepareLibraryFolder(folder, from);
  expect(readFileSync(join(folder, "onnxruntime_binding.node"), "utf8")).toBe("one");
  expect(lstatSync(join(folder, "onnxruntime_binding.node")).isSymbolicLink()).toBe(false);
  expect(readlinkSync(join(folder, "libonnxruntime.so.1"))).toBe(join(from, "libonnxruntime.so.1"));
  expect(readdirSync(folder)).toHaveLength(3);
});

test("follows the app when it was updated or moved, and is left alone otherwise", () => {
  const [first, second, folder] = [app("one"), app("two"), join(tempFolder(), "pack")];
  mkdirSync(folder);
  prepareLibraryFolder(folder, first);
  const before = lstatSync(join(folder, "onnxruntime_binding.node")).ino;
  prepareLibraryFolder(folder, first);
  expect(lstatSync(join(folder, "onnxruntime_binding.node")).ino).toBe(before);
  prepareLibraryFolder(folder, second);
  expect(readFileSync(join(folder, "onnxruntime_binding.node"), "utf8")).toBe("two");
  expect(readlinkSync(join(folder, "libonnxruntime.so.1"))).toBe(join(second, "libonnxruntime.so.1"));
});

test.runIf(process.platform === "linux")("the app's own files are where the package has them", () => {
  expect(readdirSync(packagedLibraryFolder())).toEqual(
    expect.arrayContaining(["libonnxruntime.so.1", "onnxruntime_binding.node"]),
  );
});
