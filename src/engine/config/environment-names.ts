/** A variable that is meant for Bellows and is not one of its own is a mistake, and is named before anything starts. */
import { SECRET_VARIABLES } from "../../shared/secret-variables.ts";
import type { ConfigProblem } from "./config-error.ts";
import { SECRET_FILE_VARIABLES } from "./secret-files.ts";
import { OTHER_NAMES, SETTINGS } from "./settings.ts";
import { nearest } from "./suggest.ts";

/** Of the app, the runtime and a checkout's own tools: for their tests and for whoever looks into them. */
const TOOL_NAMES: readonly string[] = [
  "BELLOWS_BENCH_HOME",
  "BELLOWS_CACHE_DIR",
  "BELLOWS_CHROMIUM",
  "BELLOWS_ENGINE_NODE",
  "BELLOWS_IMAGE_FOLDER",
  "BELLOWS_LLAMA_FOLDER",
  "BELLOWS_LONG_TESTS",
  "BELLOWS_NO_BUILD",
  "BELLOWS_ONNXRUNTIME_DIR",
  "BELLOWS_REEXEC",
  "BELLOWS_SBOM",
  "BELLOWS_STARTER_MODELS",
  "BELLOWS_TIMINGS",
  "BELLOWS_TRAY",
  "BELLOWS_UPDATE_KEYS",
];
const OURS = "BELLOWS_";
const FOR_TESTS = "BELLOWS_TEST_";

/** Shorter ones are too near to what other programs have. */
const LEAST_LETTERS = 9;
const KNOWN = [
  ...Object.values(SETTINGS).map(({ env }) => env),
  ...Object.keys(OTHER_NAMES),
  ...SECRET_VARIABLES,
  ...SECRET_FILE_VARIABLES,
  ...TOOL_NAMES,
];
const LONG_NAMES = KNOWN.filter((name) => name.length >= LEAST_LETTERS);

/** Kubernetes and Docker links tell every container of its neighbours: BELLOWS_METRICS_SERVICE_HOST, AICF_QUEUE_PORT=tcp://…. */
const NEIGHBOUR = /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP)(_|$)/;
const NEIGHBOUR_VALUE = /^(tcp|udp):\/\//;

/**
 * Names that begin with BELLOWS_ and are none, and names one letter away from a setting's. Other names of the markets
 * are left alone: their own programs share the prefix.
 */
export function unknownNames(env: Readonly<Record<string, string | undefined>>): ConfigProblem[] {
  return Object.entries(env).flatMap(([name, value]): ConfigProblem[] => {
    if (!value || KNOWN.includes(name) || name.startsWith(FOR_TESTS)) return [];
    if (NEIGHBOUR.test(name) || NEIGHBOUR_VALUE.test(value)) return [];
    const ours = name.startsWith(OURS);
    const guess = nearest(name, ours ? KNOWN : LONG_NAMES, ours ? undefined : 1);
    if (!ours && guess === null) return [];
    return [
      {
        name,
        value: null,
        reason: "is no setting there is",
        fix: guess === null ? "`bellows help environment` lists them all" : `Did you mean ${guess}?`,
      },
    ];
  });
}
