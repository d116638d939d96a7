/**
 * Kubernetes', KEDA's and the Prometheus operator's own schemas over manifests. A schema lets unknown fields pass, the
 * types made from it do not: so each manifest is checked by both, by the types as a literal in a file that tsc reads.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { DaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { Job } from "kubernetes-models/batch/v1/Job";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import type { Manifest } from "./manifests.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

interface Kind {
  readonly module: string;
  readonly check: (manifest: Manifest) => { validate(): void };
}

// A manifest is any data; the model's own check is what tells whether it is one.
const as = (manifest: Manifest): never => manifest as never;
const K8S = "kubernetes-models";
const KINDS: Readonly<Record<string, Kind>> = {
  "apps/v1 DaemonSet": { module: `${K8S}/apps/v1/DaemonSet`, check: (m) => new DaemonSet(as(m)) },
  "apps/v1 StatefulSet": { module: `${K8S}/apps/v1/StatefulSet`, check: (m) => new StatefulSet(as(m)) },
  "batch/v1 Job": { module: `${K8S}/batch/v1/Job`, check: (m) => new Job(as(m)) },
  "keda.sh/v1alpha1 ScaledObject": {
    module: "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject",
    check: (m) => new ScaledObject(as(m)),
  },
  "monitoring.coreos.com/v1 PrometheusRule": {
    module: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule",
    check: (m) => new PrometheusRule(as(m)),
  },
  "monitoring.coreos.com/v1 ServiceMonitor": {
    module: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor",
    check: (m) => new ServiceMonitor(as(m)),
  },
  "networking.k8s.io/v1 NetworkPolicy": {
    module: `${K8S}/networking.k8s.io/v1/NetworkPolicy`,
    check: (m) => new NetworkPolicy(as(m)),
  },
  "policy/v1 PodDisruptionBudget": {
    module: `${K8S}/policy/v1/PodDisruptionBudget`,
    check: (m) => new PodDisruptionBudget(as(m)),
  },
  "v1 ConfigMap": { module: `${K8S}/v1/ConfigMap`, check: (m) => new ConfigMap(as(m)) },
  "v1 Namespace": { module: `${K8S}/v1/Namespace`, check: (m) => new Namespace(as(m)) },
  "v1 PersistentVolumeClaim": {
    module: `${K8S}/v1/PersistentVolumeClaim`,
    check: (m) => new PersistentVolumeClaim(as(m)),
  },
  "v1 Service": { module: `${K8S}/v1/Service`, check: (m) => new Service(as(m)) },
};

const nameOf = ({ apiVersion, kind }: Manifest): string => `${apiVersion} ${kind}`;

/** What the schema finds wrong; null: nothing. Throws for a kind that no schema is known of. */
export function schemaFault(manifest: Manifest): string | null {
  const kind = KINDS[nameOf(manifest)];
  if (kind === undefined) throw new Error(`No schema is known of ${nameOf(manifest)}`);
  try {
    kind.check(manifest).validate();
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** What the types find wrong in all of them, unknown fields above all: tsc's lines, none when all is well. */
export function typeFaults(manifests: readonly Manifest[]): string[] {
  // Inside the repository, so that its packages are found.
  const folder = mkdtempSync(path.join(REPOSITORY, "node_modules/.manifests-"));
  try {
    const lines = manifests.flatMap((manifest, index) => {
      const kind = KINDS[nameOf(manifest)];
      if (kind === undefined) throw new Error(`No type is known of ${nameOf(manifest)}`);
      const type = `I${manifest.kind}`;
      return [
        `import type { ${type} as T${index} } from ${JSON.stringify(kind.module)};`,
        `export const m${index}: T${index} = ${JSON.stringify(manifest)};`,
      ];
    });
    const file = path.join(folder, "manifests.ts");
    writeFileSync(file, lines.join("\n"));
    const options = ["--noEmit", "--ignoreConfig", "--strict", "--skipLibCheck"];
    const modules = ["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2023"];
    const { stdout } = spawnSync(
      process.execPath,
      [path.join(REPOSITORY, "node_modules/typescript/bin/tsc"), ...options, ...modules, file],
      { encoding: "utf8", cwd: REPOSITORY },
    );
    return stdout.split("\n").filter((line) => line.trim() !== "");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
