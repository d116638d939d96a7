/** Kubernetes manifests as data: read from files, or rendered by kustomize where kubectl is here. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";

export const KUBERNETES = fileURLToPath(new URL("../../resources/deploy/kubernetes", import.meta.url));

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly [key: string]: unknown;
}

/** Throws what is wrong with the YAML, duplicate keys too. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS() as Manifest;
  });
}

/** Every manifest file, with its path below resources/deploy/kubernetes; kustomize's own files are no manifests. */
export function manifestFiles(): { readonly file: string; readonly manifests: Manifest[] }[] {
  return readdirSync(KUBERNETES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .filter((file) => !["kustomization.yaml", "name-reference.yaml"].includes(path.basename(file)))
    .toSorted()
    .map((file) => ({ file, manifests: parseManifests(readFileSync(path.join(KUBERNETES, file), "utf8")) }));
}

export const hasKubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;

/** What an overlay makes; throws what kustomize says. `root`: of a copy of the manifests. */
export function kustomize(folder: string, root = KUBERNETES): Manifest[] {
  const { status, stdout, stderr } = spawnSync("kubectl", ["kustomize", path.join(root, folder)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return parseManifests(stdout);
}

/** The pod of a workload, wherever it stands in it. */
export function podOf(manifest: Manifest): PodSpec | null {
  const spec = manifest.spec as { template?: { spec?: PodSpec } } | undefined;
  return spec?.template?.spec ?? null;
}

/**
 * A container's environment as Kubernetes puts it together: the later source wins, and `env` over all of them. `$(NAME)`
 * in a value stands for what `env` said before, and for nothing that came from elsewhere. `fields`: of the pod, by path.
 */
export function environmentIn(
  { envFrom = [], env = [] }: Container,
  secret: Readonly<Record<string, string>>,
  configMap: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const { configMapRef, secretRef } of envFrom) {
    if (secretRef !== undefined) Object.assign(merged, secret);
    if (configMapRef !== undefined) Object.assign(merged, configMap);
  }
  const said: Record<string, string> = {};
  for (const { name, value, valueFrom } of env) {
    const text =
      value?.replaceAll(/\$\((\w+)\)/g, (whole, other: string) => said[other] ?? whole) ??
      configMap[valueFrom?.configMapKeyRef?.key ?? ""] ??
      fields[valueFrom?.fieldRef?.fieldPath ?? ""];
    if (text !== undefined) said[name] = text;
  }
  return { ...merged, ...said };
}

interface Probe {
  readonly httpGet?: { readonly port: string | number; readonly path: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly fieldRef?: { readonly fieldPath: string };
      readonly configMapKeyRef?: { readonly name: string; readonly key: string };
    };
  }[];
  readonly envFrom?: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command?: readonly string[] } } };
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly resources?: { readonly limits?: Record<string, unknown> };
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly runAsUser?: number;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

export interface PodSpec {
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeSelector?: Record<string, string>;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly hostPath?: unknown;
    readonly emptyDir?: object;
  }[];
}
