/** Settings of a running engine: what the app may change, what it may not, and what follows at once. */
import fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { secretMark } from "../../../../src/engine/config/secret-mark.ts";
import { energyPriceAt } from "../../../../src/engine/settings/energy-price.ts";
import { presenceRules } from "../../../../src/engine/settings/presence-rules.ts";
import { LiveSettings } from "../../../../src/engine/settings/settings.ts";
import type { SettingsConfig } from "../../../../src/shared/config.ts";
import { DEFAULT_PRESENCE_RULES } from "../../../../src/shared/contract/presence.ts";
import { SettingsViewSchema } from "../../../../src/shared/contract/settings.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

let folder: string;
let audits: unknown[];
beforeEach(() => {
  folder = tempFolder();
  audits = [];
});

function open(fixed: SettingsConfig["fixed"] = {}): LiveSettings {
  return new LiveSettings({
    config: { savedFile: path.join(folder, "settings.json"), dataRoot: folder, configFile: null, fixed },
    audit: (detail) => audits.push(detail),
    now: () => 1_000,
  });
}

describe("what the app saves", () => {
  it("holds at once and after a restart, is told and written down", () => {
    const settings = open();
    const told: string[][] = [];
    settings.onChange((changed) => told.push([...changed]));
    const view = settings.set({
      "work.batch_size": 4,
      "energy.price": 0.312,
      "presence.pause_programs": ["a.exe"],
    });
    expect(view.values["work.batch_size"]).toMatchObject({
      value: 4,
      source: { kind: "saved" },
      fallback: null,
    });
    expect(told).toEqual([["batchSize", "energyPrice", "presencePrograms"]]);
    expect(audits).toEqual([{ changed: ["work.batch_size", "energy.price", "presence.pause_programs"] }]);
    const again = open();
    expect([again.value("batchSize"), again.value("energyPrice"), again.value("presencePrograms")]).toEqual([
      4,
      312_000,
      ["a.exe"],
    ]);
    expect(again.set({ "work.batch_size": null }).values["work.batch_size"]).toMatchObject({
      value: null,
      source: { kind: "default" },
    });
    expect(SettingsViewSchema.parse(again.view())).toEqual(again.view());
  });

  it("is refused whole when one value is wrong", () => {
    const settings = open();
    expect(() => settings.set({ "work.batch_size": 4, "energy.currency": "Euro" })).toThrow(
      /energy.currency/,
    );
    expect(settings.value("batchSize")).toBeUndefined();
    expect(fs.existsSync(path.join(folder, "settings.json"))).toBe(false);
    expect(audits).toEqual([]);
  });

  it("never gives a secret back, and keeps it in a file only its owner reads", () => {
    const settings = open();
    const secret = "key-of-the-gpu-service-42";
    const view = settings.set({ "aitbc.gpu_url": "http://127.0.0.1:8101", "aitbc.api_key": secret });
    expect(view.values["aitbc.api_key"]).toMatchObject({ value: null, isSet: true, secret: true });
    expect(JSON.stringify([view, audits])).not.toContain(secret);
    expect(fs.readFileSync(path.join(folder, "settings.json"), "utf8")).not.toContain(secret);
    expect(fs.readFileSync(path.join(folder, "secrets.json"), "utf8")).toContain(secret);
    expect(fs.statSync(path.join(folder, "secrets.json")).mode & 0o077).toBe(0);
    settings.set({ "aitbc.api_key": null });
    expect(fs.readFileSync(path.join(folder, "secrets.json"), "utf8")).not.toContain(secret);
  });

  it("can't leave a market without its key: the engine would not start again", () => {
    const settings = open();
    expect(() => settings.set({ "aitbc.coordinator_url": "http://127.0.0.1:8203" })).toThrow(
      /AITBC_COORDINATOR_KEY is missing/,
    );
    settings.set({
      "aitbc.coordinator_url": "http://127.0.0.1:8203",
      "aitbc.coordinator_key": "miner-key-0123456789",
    });
    expect(() => settings.set({ "aitbc.coordinator_key": null })).toThrow(/is missing/);
    // What is wrong elsewhere is no reason to keep anything else from change.
    const other = open({ "aicf.provider_id": { text: "prov_1", source: { kind: "flag", name: "--x" } } });
    expect(other.set({ "app.theme": "dark" }).values["app.theme"].value).toBe("dark");
  });

  it("waits for a restart where the engine reads it only then", () => {
    const settings = open();
    const waits = () => settings.view().values["aicf.queue_url"].waitsForRestart;
    expect(waits()).toBe(false);
    settings.set({ "aicf.queue_url": "http://127.0.0.1:8700", "work.batch_size": 2 });
    expect([waits(), settings.view().values["work.batch_size"].waitsForRestart]).toEqual([true, false]);
    settings.set({ "aicf.queue_url": null });
    expect(waits()).toBe(false);
  });
});

describe("what is said elsewhere", () => {
  const fixed: SettingsConfig["fixed"] = {
    "work.batch_size": { text: "3", source: { kind: "file", file: "/etc/bellows.toml", line: 7 } },
    "aicf.secret": { text: null, source: { kind: "environment", name: "PROVIDER_SECRET" } },
  };

  it("counts before what the app saved and can't be changed here, whose place is named", () => {
    open().set({ "work.batch_size": 5 });
    const settings = open(fixed);
    expect(settings.value("batchSize")).toBe(3);
    expect(settings.value("providerSecret")).toBeUndefined();
    expect(() => settings.set({ "work.batch_size": 6 })).toThrow(
      "work.batch_size is set by /etc/bellows.toml line 7",
    );
  });

  it("is read again on demand: what changed, and what of it waits", () => {
    const settings = open(fixed);
    const source = { kind: "environment", name: "X" } as const;
    expect(settings.reload({ fixed, configFile: null })).toEqual({ changed: [], restart: [] });
    const next = {
      "work.max_concurrency": { text: "2", source },
      "models.disk_limit": { text: "5G", source },
    };
    expect(settings.reload({ fixed: next, configFile: "/etc/bellows.toml" })).toEqual({
      changed: expect.arrayContaining([
        "work.batch_size",
        "work.max_concurrency",
        "models.disk_limit",
        "aicf.secret",
      ]),
      restart: expect.arrayContaining(["models.disk_limit", "aicf.secret"]),
    });
    expect([settings.value("batchSize"), settings.value("maxConcurrency")]).toEqual([undefined, 2]);
    expect(settings.view().configFile).toBe("/etc/bellows.toml");
  });

  it("tells a secret that was exchanged on its line, and not one whose line moved", () => {
    const secretAt = (line: number, secret: string): SettingsConfig["fixed"] => ({
      "aicf.secret": {
        text: null,
        mark: secretMark(secret),
        source: { kind: "file", file: "/etc/bellows.toml", line },
      },
    });
    const settings = open(secretAt(2, "the-first-of-two-secrets"));
    const reload = (fixed: SettingsConfig["fixed"]) => settings.reload({ fixed, configFile: null });
    expect(reload(secretAt(3, "the-first-of-two-secrets")).changed).toEqual([]);
    expect(reload(secretAt(3, "the-second-of-two-secrets"))).toEqual({
      changed: ["aicf.secret"],
      restart: ["aicf.secret"],
    });
    expect(JSON.stringify(audits)).not.toContain("the-second");
  });

  it("how a start begins waits for the next one, whether the app or a file says it", () => {
    const settings = open();
    const source = { kind: "file", file: "/etc/bellows.toml", line: 2 } as const;
    expect(
      settings.reload({ fixed: { "work.start_as": { text: "as-left", source } }, configFile: null }),
    ).toEqual({ changed: ["work.start_as"], restart: ["work.start_as"] });
    expect(settings.view().values["work.start_as"].waitsForRestart).toBe(false);
  });
});

describe("a saved file", () => {
  it("that is damaged is moved aside and told of; the defaults hold", () => {
    const file = path.join(folder, "settings.json");
    fs.writeFileSync(file, '{"version":1,"settings":{"work.batch');
    const settings = open();
    expect(settings.notices).toMatchObject([{ code: "SETTINGS_DAMAGED" }]);
    expect(settings.value("batchSize")).toBeUndefined();
    settings.set({ "work.batch_size": 4 });
    expect(fs.readFileSync(`${file}.damaged-1000`, "utf8")).toContain("work.batch");
    expect(open().notices).toEqual([]);
  });

  it("keeps what another version wrote", () => {
    const file = path.join(folder, "settings.json");
    const theirs = { "future.setting": [1, { a: 2 }], "work.batch_size": 100_000 };
    fs.writeFileSync(file, JSON.stringify({ version: 1, settings: theirs }));
    const settings = open();
    expect(settings.value("batchSize")).toBeUndefined();
    settings.set({ "app.theme": "dark" });
    expect(JSON.parse(fs.readFileSync(file, "utf8")).settings).toEqual({ ...theirs, "app.theme": "dark" });
  });
});

describe("what follows from the settings", () => {
  const at = (hours: number, minutes = 0) => new Date(2026, 5, 15, hours, minutes).getTime();

  it("is the price of electricity at an hour of the day", () => {
    const settings = open();
    expect(energyPriceAt(settings, at(12))).toBeNull();
    settings.set({
      "energy.price": 0.31,
      "energy.second_price": 0.22,
      "energy.second_hours": "22:00-06:00",
      "energy.rest_of_system_watts": 90,
      "energy.ait_worth": 0.5,
    });
    const microsAt = (hours: number, minutes?: number) =>
      energyPriceAt(settings, at(hours, minutes))?.microsPerKwh;
    expect([microsAt(21, 59), microsAt(22), microsAt(3), microsAt(5, 59), microsAt(6)]).toEqual([
      310_000n,
      220_000n,
      220_000n,
      220_000n,
      310_000n,
    ]);
    const price = energyPriceAt(settings, at(12));
    expect([price?.currency, price?.restWatts, price?.worthOf("AIT"), price?.worthOf("ANM")]).toEqual([
      "EUR",
      90,
      500_000n,
      null,
    ]);
  });

  it("are the rules of presence, whose defaults are the same", () => {
    const settings = open();
    expect(presenceRules(settings)).toEqual(DEFAULT_PRESENCE_RULES);
    settings.set({
      "presence.idle_minutes": 10,
      "presence.schedule": ["Mon-Fri 18:00-23:00"],
      "presence.pause_when_busy": false,
      "presence.temperature_limit": 80,
    });
    expect(presenceRules(settings)).toMatchObject({
      idleMinutes: 10,
      busy: null,
      temperatureC: 80,
      schedule: [{ days: [1, 2, 3, 4, 5], from: "18:00", to: "23:00" }],
    });
  });
});
