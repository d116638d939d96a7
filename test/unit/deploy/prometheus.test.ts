/** resources/deploy/prometheus as Prometheus itself reads it. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { prometheusTool } from "../../../scripts/setup/prometheus.mjs";
import { allFamilies, valuesOf } from "../../support/metric-families.ts";
import { askedBy } from "../../support/promql.ts";
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

const RuleSchema = z.object({
  alert: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const RulesSchema = z.object({ groups: z.array(z.object({ rules: z.array(RuleSchema) })) });
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
  targets: z.array(z.object({ expr: z.string(), legendFormat: z.string().default("") })).optional(),
});
const PatchSchema = z.object({ path: z.string(), value: z.unknown().optional() });
const DashboardSchema = z.object({ uid: z.string(), title: z.string(), panels: z.array(PanelSchema) });

const rules = RulesSchema.parse(parse(readFileSync(join(FOLDER, "rules.yml"), "utf8"))).groups.flatMap(
  (group) => group.rules,
);
const dashboard = DashboardSchema.parse(
  JSON.parse(readFileSync(join(FOLDER, "grafana", "bellows.json"), "utf8")),
);
/** What KEDA is told to ask, of all workers and of one class: queue, busy share, latency. */
const scaling = {
  all: z
    .object({
      spec: z.object({ triggers: z.array(z.object({ metadata: z.object({ query: z.string() }) })) }),
    })
    .parse(parse(readFileSync(join(KUBERNETES, "components/keda/scaled-object.yaml"), "utf8")))
    .spec.triggers.map(({ metadata }) => metadata.query),
  ofClass: z
    .object({ patches: z.array(z.object({ patch: z.string() })) })
    .parse(parse(readFileSync(join(KUBERNETES, "overlays/l40s/kustomization.yaml"), "utf8")))
    .patches.flatMap(({ patch }) => z.array(PatchSchema).parse(parse(patch)))
    .flatMap(({ path, value }) => (path.endsWith("/metadata/query") ? [String(value)] : [])),
};
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const families = new Map(allFamilies().map((family) => [family.name, family]));
/** What Prometheus puts on every series: where it was scraped. In a cluster also the pod's labels. */
const OF_TARGETS = ["job", "instance", "namespace", "pod", "bellows_dev_gpu_class"];
/** Series of others, and recordings of ours. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  up: [],
  ALERTS: ["alertname", "alertstate"],
  animica_aicf_queue_depth: ["kind"],
  "bellows:gpus": [],
};

function labelsOf(series: string): readonly string[] | undefined {
  const whole = families.get(series);
  if (whole !== undefined) return whole.kind === "histogram" ? undefined : whole.labels;
  const [, base = "", part = ""] = /^(\w+)_(bucket|sum|count)$/.exec(series) ?? [];
  const family = families.get(base);
  if (family?.kind !== "histogram") return OTHERS[series];
  return part === "bucket" ? [...family.labels, "le"] : family.labels;
}

/** What a query asks for that no series, label or value answers to; `shown`: labels that its sentence or legend names. */
function faultsOf(query: string, shown: readonly string[] = []): string[] {
  const { selectors, groups } = askedBy(query);
  const known = new Set([...OF_TARGETS, ...selectors.flatMap(({ name }) => labelsOf(name) ?? [])]);
  const unknown = [...groups, ...shown].filter((label) => !known.has(label));
  return [
    ...unknown.map((label) => `${query}: nothing in it has a label ${label}`),
    ...selectors.flatMap(({ name, matchers }) => {
      const labels = labelsOf(name);
      if (labels === undefined) return [`there is no series ${name}`];
      return matchers.flatMap(({ label, values }) => {
        if (OF_TARGETS.includes(label)) return [];
        if (!labels.includes(label)) return [`${name} has no label ${label}`];
        const possible = families.has(name.replace(/_(bucket|sum|count)$/, ""))
          ? valuesOf(name.replace(/_(bucket|sum|count)$/, ""), label)
          : undefined;
        const never = (values ?? []).filter((value) => possible?.includes(value) === false);
        return never.map((value) => `${label} of ${name} is never ${value}`);
      });
    }),
  ];
}

const shownIn = (text: string) => [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
const shownByLegend = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);

describe("what can be told without Prometheus", () => {
  it("every query of rules and dashboard asks for series that exist", () => {
    expect(queries.length).toBeGreaterThan(30);
    const ofRules = rules.flatMap(({ expr, annotations }) =>
      faultsOf(expr, Object.values(annotations).flatMap(shownIn)),
    );
    const ofPanels = dashboard.panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr, legendFormat }) => faultsOf(expr, shownByLegend(legendFormat))),
    );
    expect([...ofRules, ...ofPanels]).toEqual([]);
  });

  it("so does everything that Kubernetes is told to ask", () => {
    const asking = [...scaling.all, ...scaling.ofClass];
    expect(asking).toHaveLength(6);
    expect(asking.flatMap((query) => faultsOf(query))).toEqual([]);
  });

  it.each([
    ["sum(bellows_jobs_totl)", "there is no series bellows_jobs_totl"],
    ["rate(aicf_provider_made_up_total[5m])", "there is no series aicf_provider_made_up_total"],
    ["bellows_job_seconds > 1", "there is no series bellows_job_seconds"],
    ['bellows_jobs_total{state="accepted"}', "bellows_jobs_total has no label state"],
    ['bellows_jobs_total{status="settled"}', "status of bellows_jobs_total is never settled"],
    ['bellows_jobs_held{state=~"leased|waiting"}', "state of bellows_jobs_held is never waiting"],
    ['aicf_heartbeat_total{outcome!="error"}', "outcome of aicf_heartbeat_total is never error"],
    [
      "sum by (device) (bellows_market_up)",
      "sum by (device) (bellows_market_up): nothing in it has a label device",
    ],
    [
      "up and on (job, instence) bellows_intent",
      "up and on (job, instence) bellows_intent: nothing in it has a label instence",
    ],
  ])("a query that asks for what is not there would be found: %s", (query, fault) => {
    expect(faultsOf(query)).toEqual([fault]);
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

  it("every alert says what to do, and docs/metrics.md says it again", () => {
    const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
    const rows = rules.flatMap(({ alert, labels, annotations, for: after = "at once" }) =>
      alert === undefined
        ? []
        : [`| \`${alert}\` | ${labels.severity} | ${after} | ${annotations.description} |`],
    );
    expect(page.split("\n").filter((line) => line.startsWith("| `Bellows"))).toEqual(rows);
    expect(rows.join("\n")).not.toContain("undefined");
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

    describe("scaling", () => {
      const [queue = "", busy = "", latency = ""] = scaling.all;
      const [queueOfClass = "", busyOfClass = "", latencyOfClass = ""] = scaling.ofClass;
      const L40S = 'namespace="bellows", bellows_dev_gpu_class="l40s"';
      const A100 = 'namespace="bellows", bellows_dev_gpu_class="a100"';
      const asks = (expr: string, value: number) => ({
        expr,
        eval_time: "10m",
        exp_samples: [{ labels: "{}", value }],
      });
      const evaluate = (series: Readonly<Record<string, string>>, tests: ReturnType<typeof asks>[]) => {
        const file = join(tempFolder(), "scaling.test.yml");
        const input_series = Object.entries(series).map(([series, values]) => ({ series, values }));
        writeFileSync(
          file,
          JSON.stringify({ tests: [{ interval: "1m", input_series, promql_expr_test: tests }] }),
        );
        const { status, said } = check("test", "rules", file);
        expect(status, said).toBe(0);
      };

      it("goes by the market's queue where that is scraped, a class by its share of it", () => {
        const workers = {
          [`bellows_build_info{${L40S}}`]: "1x10",
          [`bellows_build_info{${A100}}`]: "1x10",
          // What a worker holds grows with its batches, and says nothing of the queue.
          [`bellows_jobs_held{${L40S}, state="leased"}`]: "128x10",
        };
        evaluate({ ...workers, 'animica_aicf_queue_depth{kind="ai"}': "600x10" }, [
          asks(queue, 600),
          asks(queueOfClass, 300),
        ]);
        evaluate(workers, [asks(queue, 0), asks(queueOfClass, 0)]);
      });

      it("goes by the time in which devices had work, whatever a batch holds", () => {
        const seconds = (labels: string, instance: string, device: string) =>
          `bellows_device_busy_seconds_total{${labels}, job="bellows", instance="${instance}", device="${device}"}`;
        // Two workers of a class, one busy all the time and one a quarter of it; another class's with two GPUs, one idle.
        evaluate(
          {
            [seconds(L40S, "a", "GPU-1")]: "0+60x10",
            [seconds(L40S, "b", "GPU-2")]: "0+15x10",
            [seconds(A100, "c", "GPU-3")]: "0+60x10",
            [seconds(A100, "c", "GPU-4")]: "0x10",
          },
          [asks(busy, 1.75), asks(busyOfClass, 1.25)],
        );
        evaluate({}, [asks(busy, 0), asks(busyOfClass, 0)]);
      });

      it("goes by the time jobs take, and by nothing while there are none", () => {
        const buckets = (rise: string) => ({
          [`bellows_job_seconds_bucket{${L40S}, phase="total", le="10"}`]: `0+${rise}x10`,
          [`bellows_job_seconds_bucket{${L40S}, phase="total", le="20"}`]: `0+${rise}x10`,
          [`bellows_job_seconds_bucket{${L40S}, phase="total", le="+Inf"}`]: `0+${rise}x10`,
        });
        evaluate(buckets("60"), [asks(latency, 9.5), asks(latencyOfClass, 9.5)]);
        evaluate(buckets("0"), [asks(latency, 0), asks(latencyOfClass, 0)]);
        evaluate({}, [asks(latency, 0), asks(latencyOfClass, 0)]);
      });
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
