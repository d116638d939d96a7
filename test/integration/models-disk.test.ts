/** The room that models take, and what making room would cost: told before anything goes. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogueEntry, modelHome, someBytes } from "../support/model-home.ts";
import { serveModels } from "../support/model-server.ts";
import { tempFolder } from "../support/temp-folder.ts";

async function twoModels() {
  const files = { a: { "a.onnx": someBytes(300_000) }, b: { "b.onnx": someBytes(200_000) } };
  const server = await serveModels({ "a.onnx": files.a["a.onnx"], "b.onnx": files.b["b.onnx"] });
  const sources = [{ kind: "https", base: server.url }];
  return modelHome([catalogueEntry("a", files.a, sources), catalogueEntry("b", files.b, sources)]);
}

async function fetched(models: Awaited<ReturnType<Awaited<ReturnType<typeof twoModels>>["open"]>>) {
  for (const id of ["a", "b"]) {
    await models.manager.download(id);
    expect(await models.manager.ended(id)).toBeNull();
  }
}

describe("the models' folder", () => {
  it("is measured before it exists and as it fills, against its cap and the disk", async () => {
    const home = await twoModels();
    const models = await home.open({ maxBytes: 1_000_000 });
    const before = await models.manager.disk();
    expect(before).toMatchObject({ folder: home.home, modelBytes: 0, partialBytes: 0, maxBytes: 1_000_000 });
    expect(before.freeBytes).toBeGreaterThan(0);
    await fetched(models);
    expect(await models.manager.disk()).toMatchObject({ modelBytes: 500_000, partialBytes: 0 });
  });

  it("tells what would go, and removes exactly that when it is told to", async () => {
    const models = await (await twoModels()).open();
    await fetched(models);
    models.manager.setPinned("a", true);
    const plan = await models.manager.planPrune(250_000);
    expect(plan).toEqual({ removed: [{ id: "b", bytes: 200_000 }], bytesLeft: 300_000 });
    expect(models.manager.view("b").state).toBe("present");
    expect(await models.manager.prune(250_000)).toEqual(plan);
    expect(models.manager.view("b")).toMatchObject({ state: "missing", ownBytes: 0, folder: null });
    await expect(models.manager.planPrune()).rejects.toMatchObject({ code: "MODEL_NO_CAP" });
  });

  it("tells who keeps a model back, and that a folder is only read", async () => {
    const home = await twoModels();
    const others = tempFolder();
    const listed = await home.open({ allowList: ["a"], others: [others] });
    expect(listed.manager.view("b")).toMatchObject({ allowed: false, heldBackBy: "list" });
    await listed.manager.setAllowed("a", false);
    expect(listed.manager.view("a")).toMatchObject({ allowed: false, heldBackBy: "person" });
    await listed.manager.setAllowed("a", true);
    await listed.manager.download("a");
    await listed.manager.ended("a");
    expect(listed.manager.view("a")).toMatchObject({
      heldBackBy: null,
      folder: join(home.home, "a"),
      ownBytes: 300_000,
    });
    writeFileSync(join(home.home, "a", "a.onnx"), someBytes(10));
    expect(listed.manager.view("a")).toMatchObject({ state: "corrupt", folder: null, ownBytes: 10 });
  });
});
