import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { default as formats } from "ajv-formats";
import { describe, expect, it } from "vitest";

interface Component {
  readonly name: string;
  readonly "bom-ref": string;
  readonly type: string;
  readonly hashes?: readonly { readonly content: string }[];
  readonly licenses?: readonly object[];
}
interface Bom {
  readonly serialNumber: string;
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const script = new URL("../../../scripts/package/sbom.mjs", import.meta.url).href;
const { billOfMaterials } = (await import(script)) as {
  billOfMaterials(target: { platform: string; electron: string }): Bom;
};
/** As CycloneDX publishes them. */
const SCHEMAS = new URL("../../../node_modules/@cyclonedx/cyclonedx-library/res/schema/", import.meta.url);
const schema = (name: string): object =>
  JSON.parse(readFileSync(new URL(`${name}.SNAPSHOT.schema.json`, SCHEMAS), "utf8")) as object;

const linux = billOfMaterials({ platform: "linux-x64", electron: "45.4.1" });
const namesOf = ({ components }: Bom) => components.map(({ name }) => name);

describe("the bill of materials", () => {
  it("is CycloneDX 1.6, by its own schema", () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addFormat("iri-reference", true);
    ajv.addFormat("idn-email", true);
    ajv.addSchema(schema("spdx"), "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json");
    ajv.addSchema(schema("jsf-0.82"), "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json");
    const valid = ajv.compile(schema("bom-1.6"));
    expect(valid(linux), JSON.stringify(valid.errors?.slice(0, 5), null, 1)).toBe(true);
    expect(valid({ ...linux, bomFormat: "other" })).toBe(false);
  });

  it("names what runs and what the page is built from, and nothing that only builds it", () => {
    const names = namesOf(linux);
    for (const name of [
      "better-sqlite3",
      "onnxruntime-node",
      "koffi",
      "electron-updater",
      "react",
      "electron",
    ]) {
      expect(names).toContain(name);
    }
    for (const name of ["vite", "vitest", "typescript", "electron-builder", "playwright"]) {
      expect(names).not.toContain(name);
    }
    const model = linux.components.find(({ type }) => type === "machine-learning-model");
    expect(model?.name).toBe("all-MiniLM-L6-v2");
  });

  it("brings one system's native packages, with a licence and a hash each", () => {
    const koffi = (bom: Bom) => namesOf(bom).filter((name) => name.startsWith("@koromix/"));
    expect(koffi(linux)).toEqual(["@koromix/koffi-linux-x64"]);
    expect(koffi(billOfMaterials({ platform: "win32-x64", electron: "45.4.1" }))).toEqual([
      "@koromix/koffi-win32-x64",
    ]);
    for (const component of linux.components.filter(({ type }) => type === "library")) {
      expect(component.licenses, component.name).toHaveLength(1);
      expect(component.hashes?.[0]?.content, component.name).toMatch(/^[0-9a-f]{128}$/);
    }
  });

  it("is the same for the same inputs, and its graph names only what it lists", () => {
    expect(billOfMaterials({ platform: "linux-x64", electron: "45.4.1" })).toEqual(linux);
    const refs = new Set(linux.components.map((component) => component["bom-ref"]));
    const named = linux.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
    expect(named.filter((ref) => !refs.has(ref) && !ref.startsWith("bellows@"))).toEqual([]);
    expect(new Set(linux.components.map((component) => component["bom-ref"])).size).toBe(
      linux.components.length,
    );
  });
});
