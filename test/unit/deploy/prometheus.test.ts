/** resources/deploy/prometheus as Prometheus itself reads it. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { prometheusTool } from "../../../scripts/setup/prometheus.mjs";
import { FAMILIES } from "../../../src/engine/metrics/families.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const FOLDER = fileURLToPath(new URL("../../../resources/deploy/prometheus", import.meta.url));
const KUBERNETES = fileURLToPath(new URL("../../../resources/deploy/kubernetes", import.meta.url));
const promtool = prometheusTool("promtool");

function check(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(promtool ?? "promtool", args, {
    cwd: FOLDER,
    encoding: "utf8",
  });
  return { status, said: stdout + stderr };
}

const RulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string().optional(), expr: z.string() })) })),
});
const TestsSchema = z.object({
  tests: z.array(
    z.object({
      alert_rule_test: z
        .array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) }))
        .default([]),
    }),
  ),
});
const PanelSchema = z.object({
  title: z.string(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(z.object({ expr: z.string() })).optional(),
});
const DashboardSchema = z.object({ uid: z.string(), title: z.string(), panels: z.array(PanelSchema) });

const rules = RulesSchema.parse(parse(readFileSync(join(FOLDER, "rules.yml"), "utf8"))).groups.flatMap(
  (group) => group.rules,
);
const dashboard = DashboardSchema.parse(
  JSON.parse(readFileSync(join(FOLDER, "grafana", "bellows.json"), "utf8")),
);
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Every name a query may use: ours, the guide's, Prometheus' own. */
function unknownNames(expression: string): string[] {
  const ours = new Set(Object.values(FAMILIES).map(({ name }) => name as string));
  const used = expression.match(/\b(?:bellows|aicf|process)_\w+\b/g) ?? [];
  return used
    .map((name) => name.replace(/_(bucket|sum|count)$/, ""))
    .filter((name) => !ours.has(name) && !/^aicf_(provider|heartbeat)_/.test(name));
}

describe("what can be told without Prometheus", () => {
  it("every query of rules and dashboard asks for series that exist", () => {
    expect(queries.length).toBeGreaterThan(30);
    expect([...rules.map(({ expr }) => expr), ...queries].flatMap(unknownNames)).toEqual([]);
  });

  it("so does everything that Kubernetes is told to ask", () => {
    const texts = readdirSync(KUBERNETES, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".yaml"))
      .map((file) => readFileSync(join(KUBERNETES, file), "utf8"));
    const asking = texts.filter((text) => /\brate\(/.test(text));
    expect(asking.length, "rules, scaling, and a class of its own").toBe(3);
    expect(asking.join("\n")).toContain('bellows_job_seconds_bucket{namespace="bellows", phase="total"}');
    // Labels of pods are written like series.
    const names = asking.flatMap((text) => unknownNames(text.replaceAll(/\bbellows_dev_\w+/g, "")));
    expect(names).toEqual([]);
  });

  it("every alert is seen firing in its tests", () => {
    const { tests } = TestsSchema.parse(parse(readFileSync(join(FOLDER, "rules.test.yml"), "utf8")));
    const fired = new Set(
      tests.flatMap(({ alert_rule_test }) =>
        alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
      ),
    );
    const alerts = rules.flatMap(({ alert }) => alert ?? []);
    const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
    expect(page, "docs/metrics.md counts them").toContain(` ${alerts.length} alerts `);
    expect(alerts.filter((alert) => !fired.has(alert))).toEqual([]);
  });

  it("no panel of the dashboard lies on another or outside", () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x}.${y}`), `${title} at ${x}, ${y}`).toBe(false);
          taken.add(`${x}.${y}`);
        }
      }
    }
  });
});

describe.skipIf(promtool === null)(
  "promtool (Debian's prometheus; `npm run setup -- --for test` fetches it)",
  () => {
    it("takes configuration and rules, and the rules do what their tests say", () => {
      for (const args of [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", "rules.yml"],
        ["test", "rules", "rules.test.yml"],
      ]) {
        const { status, said } = check(...args);
        expect(status, said).toBe(0);
      }
    });

    it("finds the dashboard's workers under any job name, and no other program's processes among them", () => {
      const panel = (title: string) =>
        dashboard.panels
          .filter((each) => each.title === title)
          .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr.replaceAll("$instance", ".*")))[0];
      const build = (job: string, instance: string, values: string) => ({
        series: `bellows_build_info{job="${job}", instance="${instance}", version="1"}`,
        values,
      });
      const memory = (job: string, instance: string) => ({
        series: `process_resident_memory_bytes{job="${job}", instance="${instance}"}`,
        values: "5x5",
      });
      const test = {
        interval: "1m",
        input_series: [
          build("bellows", "a", "1x5"),
          build("aicf_provider", "b", "1x5"),
          build("aicf_provider", "gone", "1 stale"),
          memory("bellows", "a"),
          memory("aicf_provider", "b"),
          memory("node", "a"),
        ],
        promql_expr_test: [
          { expr: panel("Workers up"), eval_time: "3m", exp_samples: [{ labels: "{}", value: 2 }] },
          {
            expr: panel("Memory"),
            eval_time: "3m",
            exp_samples: [memory("bellows", "a"), memory("aicf_provider", "b")].map(({ series }) => ({
              labels: series,
              value: 5,
            })),
          },
        ],
      };
      const nobody = {
        interval: "1m",
        promql_expr_test: [
          { expr: panel("Workers up"), eval_time: "3m", exp_samples: [{ labels: "{}", value: 0 }] },
        ],
      };
      const file = join(tempFolder(), "dashboard.test.yml");
      writeFileSync(file, JSON.stringify({ tests: [test, nobody] }));
      const { status, said } = check("test", "rules", file);
      expect(status, said).toBe(0);
      expect(queries.filter((query) => /\bjob\s*[=!]/.test(query))).toEqual([]);
    });

    it("scales by the market's queue where that is scraped, and by what the workers hold where it is not", () => {
      const queries = [
        readFileSync(join(KUBERNETES, "components/keda/scaled-object.yaml"), "utf8"),
        readFileSync(join(KUBERNETES, "overlays/l40s/kustomization.yaml"), "utf8"),
      ].map((text) =>
        /(?:query|value): >-\n((?: {10}.*\n)+)/.exec(text)?.[1]?.replaceAll(/\s+/g, " ").trim(),
      );
      const [all, ofClass] = queries;
      expect(all).toMatch(/^sum\(animica_aicf_queue_depth/);
      const worker = (gpuClass: string, state: string, values: string) => ({
        series: `bellows_jobs_held{namespace="bellows", bellows_dev_gpu_class="${gpuClass}", state="${state}"}`,
        values,
      });
      const workers = [
        worker("l40s", "leased", "30x5"),
        worker("l40s", "admitted", "5x5"),
        worker("l40s", "running", "8x5"),
        worker("a100", "leased", "11x5"),
        ...["l40s", "a100"].map((gpuClass) => ({
          series: `bellows_build_info{namespace="bellows", bellows_dev_gpu_class="${gpuClass}"}`,
          values: "1x5",
        })),
      ];
      const asks = (expr: string | undefined, value: number) => ({
        expr,
        eval_time: "3m",
        exp_samples: [{ labels: "{}", value }],
      });
      const queue = { series: 'animica_aicf_queue_depth{kind="ai"}', values: "600x5" };
      const file = join(tempFolder(), "scaling.test.yml");
      const tests = [
        {
          interval: "1m",
          input_series: [...workers, queue],
          promql_expr_test: [asks(all, 600), asks(ofClass, 300)],
        },
        { interval: "1m", input_series: workers, promql_expr_test: [asks(all, 46), asks(ofClass, 35)] },
      ];
      writeFileSync(file, JSON.stringify({ tests }));
      const { status, said } = check("test", "rules", file);
      expect(status, said).toBe(0);
    });

    it("can read every query of the dashboard", () => {
      const inFull = (expr: string) => expr.replaceAll(/\$(instance|market|device)/g, ".*");
      const file = join(tempFolder(), "queries.yml");
      const group = {
        name: "queries",
        rules: queries.map((q, n) => ({ record: `q:${n}`, expr: inFull(q) })),
      };
      writeFileSync(file, JSON.stringify({ groups: [group] }));
      const { status, said } = check("check", "rules", file);
      expect(status, said).toBe(0);
    });
  },
);
