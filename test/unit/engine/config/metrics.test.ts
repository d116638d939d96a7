import { describe, expect, it } from "vitest";
import { loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const load = (env: Record<string, string>) =>
  loadConfig({
    env: {
      AICF_QUEUE_URL: "http://127.0.0.1:8700",
      BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
      BELLOWS_DATA_DIR: tempFolder(),
      ...env,
    },
    flags: {},
    paths: locatePaths(),
  });

describe("metrics and traces in the configuration", () => {
  it("are left to whoever runs the engine when nobody says anything", () => {
    expect(load({})).not.toHaveProperty("metrics");
    expect(load({})).not.toHaveProperty("traceTo");
  });

  it("are served where the guide's variables say", () => {
    expect(load({ METRICS_PORT: "9200" }).metrics).toEqual({ host: "127.0.0.1", port: 9200, explicit: true });
    expect(load({ METRICS_HOST: "0.0.0.0" }).metrics).toEqual({
      host: "0.0.0.0",
      port: 9108,
      explicit: false,
    });
    expect(load({ METRICS_ENABLED: "1" }).metrics).toEqual({
      host: "127.0.0.1",
      port: 9108,
      explicit: false,
    });
    expect(load({ METRICS_ENABLED: "0", METRICS_PORT: "9200" }).metrics).toBeNull();
    expect(load({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" }).traceTo).toBe(
      "http://collector:4318",
    );
  });

  it.each([
    ["METRICS_HOST", "gpu-node-01", "is not an IP address"],
    ["METRICS_PORT", "http", "is not a port"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "no http:// or https://"],
  ])("%s=%s is refused: %s", (name, value, reason) => {
    expect(() => load({ [name]: value })).toThrowError(reason);
  });
});
