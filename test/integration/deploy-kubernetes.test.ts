/** The Kubernetes manifests: right by their schemas, and as careful with the provider's machine and money as they claim. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readEnvironmentFile } from "../../src/engine/config/environment-file.ts";
import { SETTINGS } from "../../src/engine/config/settings.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { schemaFault, typeFaults } from "../support/manifest-schemas.ts";
import {
  environmentIn,
  hasKubectl,
  KUBERNETES,
  kustomize,
  type Manifest,
  manifestFiles,
  podOf,
} from "../support/manifests.ts";
import { tempFolder } from "../support/temp-folder.ts";

const OVERLAYS = ["base", "overlays/l40s", "overlays/cpu", "overlays/daemonset"];
const files = manifestFiles();
const all = files.flatMap(({ manifests }) => manifests);

/** Seconds that `bellows finish --wait` gives itself, out of a preStop's command. */
function finishSeconds(command: readonly string[] = []): number {
  expect(command.slice(0, 3)).toEqual(["bellows", "finish", "--wait"]);
  return Number(/^(\d+)s$/.exec(command[3] ?? "")?.[1]);
}

describe("the manifests", () => {
  it.each(files)("$file follows the schemas of its kinds", ({ manifests }) => {
    expect(manifests.length).toBeGreaterThan(0);
    for (const manifest of manifests) expect(schemaFault(manifest), manifest.kind).toBeNull();
  });

  it("have no field that Kubernetes, KEDA or the Prometheus operator do not know", () => {
    expect(typeFaults(all)).toEqual([]);
  });

  it("would be found wrong if they were", () => {
    const workers = all.find(({ kind }) => kind === "StatefulSet") as Manifest;
    const broken = structuredClone(workers) as { spec: Record<string, unknown> } & Manifest;
    broken.spec.replicas = "many";
    expect(schemaFault(broken)).toContain("replicas must be integer");
    const misspelt = structuredClone(workers) as { spec: Record<string, unknown> } & Manifest;
    misspelt.spec.podManagmentPolicy = "Parallel";
    expect(typeFaults([misspelt]).join("\n")).toContain("podManagmentPolicy");
  });

  it("bring the same alerts and recordings to a cluster as to a single Prometheus", () => {
    const file = new URL("../../resources/deploy/prometheus/rules.yml", import.meta.url);
    const { groups } = parse(readFileSync(file, "utf8")) as { groups: object[] };
    expect(groups.length).toBeGreaterThan(0);
    const rule = all.find(({ kind }) => kind === "PrometheusRule");
    expect(rule?.spec, "scripts/deploy/kubernetes-rules.mjs makes it again").toEqual({ groups });
  });

  it("ask nothing of a machine beyond what they need", () => {
    const pods = all.flatMap((manifest) => podOf(manifest) ?? []);
    expect(pods.length).toBeGreaterThanOrEqual(3);
    for (const pod of pods) {
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const { securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
        });
        expect(securityContext?.capabilities?.drop).toEqual(["ALL"]);
      }
      for (const { securityContext } of pod.containers)
        expect(securityContext?.capabilities?.add).toBeUndefined();
    }
  });

  it("let every worker finish before it is ended, watch it, and tell it apart", () => {
    const workers = all.filter(({ kind }) => kind === "StatefulSet" || kind === "DaemonSet");
    expect(workers.map(({ kind }) => kind).toSorted()).toEqual(["DaemonSet", "StatefulSet"]);
    for (const worker of workers) {
      const pod = podOf(worker);
      const [container] = pod?.containers ?? [];
      const wait = finishSeconds(container?.lifecycle?.preStop?.exec?.command);
      const drain = SETTINGS.drainTimeout.read(SETTINGS.drainTimeout.fallback ?? "") / SECOND;
      expect(pod?.terminationGracePeriodSeconds ?? 0).toBeGreaterThan(wait + drain);
      // Asked over HTTP: a program that is started to ask costs some 40 ms of processor each time.
      const probes = [container?.startupProbe, container?.livenessProbe, container?.readinessProbe];
      expect(probes.map((probe) => probe?.httpGet)).toEqual([
        { port: "metrics", path: "/healthz" },
        { port: "metrics", path: "/healthz" },
        { port: "metrics", path: "/readyz" },
      ]);
      expect(container?.env?.map(({ name }) => name)).toContain("BELLOWS_WORKER_ID");
      const models = container?.volumeMounts?.find(({ name }) => name === "models");
      expect(models).toMatchObject({ readOnly: true });
    }
  });
});

/** "20Gi" in bytes. */
function bytesOf(quantity: string): number {
  const [, count, unit = ""] = /^(\d+)([KMGT]i)$/.exec(quantity) ?? [];
  return Number(count) * 1024 ** (["Ki", "Mi", "Gi", "Ti"].indexOf(unit) + 1);
}

interface Spec {
  readonly volumeClaimTemplates?: { spec: { resources: { requests: { storage: string } } } }[];
  readonly ttlSecondsAfterFinished?: number;
}
const specs = all.map(({ spec }) => (spec ?? {}) as Spec);

it("a worker's claim holds four times what its ledger keeps by default: the copies, and room to write one", () => {
  const claims = specs.flatMap(({ volumeClaimTemplates }) => volumeClaimTemplates ?? []);
  expect(claims).toHaveLength(1);
  const kept = [SETTINGS.keepOutputsSize, SETTINGS.keepReceiptsSize].map(({ read, fallback }) =>
    read(fallback ?? ""),
  );
  const ledger = kept.reduce((sum, bytes) => sum + bytes, 0);
  for (const { spec } of claims)
    expect(bytesOf(spec.resources.requests.storage)).toBeGreaterThanOrEqual(4 * ledger);
});

it("the Job that fetches models goes away by itself: its image could not be changed", () => {
  const times = specs.flatMap(({ ttlSecondsAfterFinished }) => ttlSecondsAfterFinished ?? []);
  expect(times).toEqual([600]);
});

describe.skipIf(!hasKubectl)("rendered by kustomize (skipped where kubectl is missing)", () => {
  const rendered = hasKubectl ? OVERLAYS.map((folder) => ({ folder, manifests: kustomize(folder) })) : [];

  it.each(rendered)("$folder follows the schemas and types", ({ manifests }) => {
    for (const manifest of manifests) expect(schemaFault(manifest), manifest.kind).toBeNull();
    expect(typeFaults(manifests)).toEqual([]);
  });

  it.each(rendered)(
    "$folder: how many workers there are is said by one only, itself or KEDA",
    ({ manifests }) => {
      const scaled = manifests.some(({ kind }) => kind === "ScaledObject");
      const counted = manifests.filter(({ kind }) => kind === "StatefulSet");
      for (const { spec } of counted) expect("replicas" in (spec as object)).toBe(!scaled);
    },
  );

  it.each(rendered)(
    "$folder: `kubectl delete -k` leaves the namespace, which allows what its pods ask",
    ({ folder, manifests }) => {
      expect(manifests.map(({ kind }) => kind)).not.toContain("Namespace");
      const [name, ...more] = new Set(
        manifests.map(({ metadata }) => (metadata as { namespace?: string }).namespace),
      );
      expect(more).toEqual([]);
      const namespace = all.find(({ kind, metadata }) => kind === "Namespace" && metadata.name === name);
      const onNode = manifests.some((each) => podOf(each)?.volumes?.some((volume) => "hostPath" in volume));
      expect(namespace?.metadata.labels, folder).toMatchObject({
        "pod-security.kubernetes.io/enforce": onNode ? "privileged" : "restricted",
      });
    },
  );

  it.each(rendered)("$folder: what refers to something by name or label finds it", ({ manifests }) => {
    const find = (kind: string, name: string) =>
      manifests.find((each) => each.kind === kind && each.metadata.name === name);
    const workers = manifests.find(({ kind }) => kind === "StatefulSet" || kind === "DaemonSet");
    if (workers === undefined) throw new Error("There are no workers");
    const template = (workers.spec as { template: { metadata: { labels: Record<string, string> } } })
      .template;
    const { labels } = template.metadata;
    expect(Object.keys(labels).length).toBeGreaterThan(0);
    const selects = (selector: Record<string, string> | undefined) =>
      Object.entries(selector ?? {}).every(([name, value]) => labels[name] === value);
    for (const { kind, spec } of manifests) {
      const { selector, podSelector, scaleTargetRef } = (spec ?? {}) as {
        selector?: Record<string, string> & { matchLabels?: Record<string, string> };
        podSelector?: { matchLabels?: Record<string, string> };
        scaleTargetRef?: { kind: string; name: string };
      };
      if (kind === "Service") expect(selects(selector), kind).toBe(true);
      if (kind === "PodDisruptionBudget") expect(selects(selector?.matchLabels), kind).toBe(true);
      if (kind === "NetworkPolicy") {
        expect(Object.keys(podSelector?.matchLabels ?? {}), kind).not.toEqual([]);
        expect(selects(podSelector?.matchLabels), kind).toBe(true);
      }
      if (kind === "ServiceMonitor") {
        const service = manifests.find((each) => each.kind === "Service");
        expect(service?.metadata.labels).toMatchObject(selector?.matchLabels ?? {});
      }
      if (kind === "ScaledObject" && labels["bellows.dev/gpu-class"] !== undefined) {
        const { triggers } = spec as { triggers: { metadata: { query: string } }[] };
        const [queue, busy, latency] = triggers.map(({ metadata }) => metadata.query);
        expect(queue, "its share of the queue").toContain("bellows_dev_gpu_class");
        expect(busy).toContain("bellows_device_busy_seconds_total");
        expect(latency).toContain("bellows_job_seconds_bucket");
        for (const query of [busy, latency])
          expect(query).toContain(`bellows_dev_gpu_class="${labels["bellows.dev/gpu-class"]}"`);
      }
      if (scaleTargetRef !== undefined)
        expect(find(scaleTargetRef.kind, scaleTargetRef.name), "KEDA's target").toBeDefined();
    }
    const text = JSON.stringify(workers);
    const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name ?? "");
    const settings = named(/"configMapRef":\{"name":"([^"]+)"/g);
    expect(settings).toHaveLength(1);
    for (const name of [...settings, ...named(/"configMapKeyRef":\{[^}]*"name":"([^"]+)"/g)])
      expect(find("ConfigMap", name)).toBeDefined();
    for (const name of named(/"claimName":"([^"]+)"/g))
      expect(find("PersistentVolumeClaim", name)).toBeDefined();
  });

  /** An overlay's worker container, and the settings of its own. */
  function workersOf(folder: string) {
    const manifests = rendered.find((each) => each.folder === folder)?.manifests ?? [];
    const [container] = manifests.flatMap((each) =>
      /Set$/.test(each.kind) ? (podOf(each)?.containers ?? []) : [],
    );
    const settings = manifests.find(({ kind }) => kind === "ConfigMap")?.data as Record<string, string>;
    if (container === undefined) throw new Error("There are no workers");
    return { container, settings };
  }

  it("the class asks for its GPU and its nodes, the processor's overlay for neither", () => {
    const podIn = (folder: string) => {
      const set = rendered.find((each) => each.folder === folder)?.manifests.find(podOf);
      return set === undefined ? null : podOf(set);
    };
    expect(podIn("overlays/l40s")?.nodeSelector).toEqual({ "nvidia.com/gpu.product": "NVIDIA-L40S" });
    expect(podIn("overlays/l40s")?.containers[0]?.resources?.limits).toMatchObject({ "nvidia.com/gpu": 1 });
    expect(podIn("overlays/cpu")?.containers[0]?.resources?.limits).not.toHaveProperty(["nvidia.com/gpu"]);
  });

  it.each(["overlays/l40s", "overlays/cpu", "overlays/daemonset"])(
    "%s: its own settings count before a whole provider.env in the secret",
    (folder) => {
      const { container, settings } = workersOf(folder);
      const example = fileURLToPath(new URL("../../resources/deploy/provider.env.example", import.meta.url));
      const secret = {
        ...readEnvironmentFile(example).env,
        BELLOWS_KEY_PASSPHRASE: "four words for a test",
        AICF_QUEUE_URL: "http://127.0.0.1:8700",
        MODEL_DIR: "/home/ada/models",
        METRICS_PORT: "9200",
        METRICS_ENABLED: "0",
        METRICS_HOST: "127.0.0.1",
        BELLOWS_DATA_DIR: "/home/ada/bellows",
      };
      expect(secret).toHaveProperty("GPU_BACKEND", "auto");
      const merged = environmentIn(container, secret, settings);
      expect(merged).toMatchObject(settings);
      expect(Object.keys(settings)).toEqual(
        expect.arrayContaining(["AICF_QUEUE_URL", "GPU_BACKEND", "MODEL_DIR", "RPC_URL"]),
      );
      // Probes ask where metrics are: they have to be there, on the pod's own address.
      expect(merged).toMatchObject({ METRICS_ENABLED: "1", METRICS_HOST: "0.0.0.0" });
      const ports = container.ports?.map(({ containerPort }) => String(containerPort));
      expect(ports).toEqual([merged.METRICS_PORT]);
      const mounts = container.volumeMounts?.map(({ mountPath }) => mountPath);
      expect(mounts).toEqual(expect.arrayContaining([merged.BELLOWS_DATA_DIR, merged.DISK_CACHE_DIR]));
      expect(merged.BELLOWS_KEY_PASSPHRASE).toBe("four words for a test");
      expect(settings, "a file's own drain_timeout has to hold").not.toHaveProperty("BELLOWS_DRAIN_TIMEOUT");
    },
  );

  it.each(["overlays/l40s", "overlays/cpu", "overlays/daemonset"])(
    "%s: workers that share a provider have ids of their own, in whatever namespace and cluster, and work again when they come back",
    (folder) => {
      const { container, settings } = workersOf(folder);
      // A provider.env of another machine, with what must not be the same on two.
      const secret = { PROVIDER_ID: "prov_1", BELLOWS_WORKER_ID: "rack-7", BELLOWS_START: "as-left" };
      const environment = (cluster: string, namespace: string, n: number) =>
        environmentIn(
          container,
          secret,
          { ...settings, CLUSTER_NAME: cluster },
          {
            "metadata.namespace": namespace,
            "metadata.name": `bellows-${n}`,
            "spec.nodeName": `node-${n}.example`,
          },
        );
      const places = ["east", "west"].flatMap((cluster) =>
        ["bellows", "lab"].flatMap((namespace) => [0, 1].map((n) => environment(cluster, namespace, n))),
      );
      const ids = places.map(({ BELLOWS_WORKER_ID = "" }) => SETTINGS.workerId.read(BELLOWS_WORKER_ID));
      expect(new Set(ids).size).toBe(places.length);
      expect(ids[0]).toMatch(/^east\.bellows\.(bellows-0|node-0\.example)$/);
      // `bellows finish` before a pod ends is kept in its ledger.
      expect(places[0]?.BELLOWS_START).toBe("running");
    },
  );

  it("the processor's overlay wants no storage that many nodes mount", () => {
    const manifests = rendered.find(({ folder }) => folder === "overlays/cpu")?.manifests ?? [];
    expect(JSON.stringify(manifests)).not.toContain("ReadWriteMany");
    const [pod] = manifests.flatMap((each) => podOf(each) ?? []);
    expect(pod?.volumes?.find(({ name }) => name === "models")).toEqual({ name: "models", emptyDir: {} });
  });

  it.each(["overlays/l40s", "overlays/daemonset"])(
    "%s: the label for kube-prometheus-stack, taken out of its comment, is on monitor and rules and in no selector",
    (folder) => {
      const copy = path.join(tempFolder(), "kubernetes");
      cpSync(KUBERNETES, copy, { recursive: true });
      const file = path.join(copy, folder, "kustomization.yaml");
      const text = readFileSync(file, "utf8");
      const uncommented = text.replace(/^ {2}# (- pairs:)\n {2}# {5}(release: .*)$/m, "  $1\n      $2");
      expect(uncommented).not.toBe(text);
      writeFileSync(file, uncommented);
      const manifests = kustomize(folder, copy);
      for (const kind of ["ServiceMonitor", "PrometheusRule"])
        expect(manifests.find((each) => each.kind === kind)?.metadata.labels).toMatchObject({
          release: "kube-prometheus-stack",
        });
      const pods = manifests.filter(podOf).map(({ spec }) => JSON.stringify(spec));
      expect(pods.join("\n")).not.toContain("kube-prometheus-stack");
    },
  );
});
