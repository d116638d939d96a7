/** What a miner calls (protocols/aitbc.md §2.2), with the answers that were recorded, the odd ones too. */
import { unreachable } from "../../shared/errors.ts";
import type { Clock } from "../clock.ts";
import { naiveUtc } from "../python-time.ts";
import type { Coordinator } from "./coordinator.ts";
import { JOB_STATES } from "./jobs.ts";
import type { HasQuirk } from "./quirks.ts";
import type { Call, Route } from "./route.ts";
import { dict, integer, nullable, text, validate, withDefault } from "./validation.ts";
import { assignmentView, detail, earningsView, internalError, jobView, json } from "./wire.ts";

const REGISTRATION = { capabilities: dict, concurrency: withDefault(integer, 1), region: nullable(text) };
const HEARTBEAT = {
  inflight: withDefault(integer, 0),
  status: withDefault(text, "ONLINE"),
  metadata: withDefault(dict, {}),
};
const POLL = { max_wait_seconds: withDefault(integer, 15) };
const RESULT = {
  result: dict,
  metrics: withDefault(dict, {}),
  tee_attestation_id: nullable(text),
  tee_quote: nullable(text),
};
const FAILURE = { error_code: text, error_message: text, metrics: withDefault(dict, {}) };
const LEGACY_COMPLETION = { output: dict, receipt: nullable(dict) };

const OK = { status: "ok" } as const;

export function minerRoutes(coordinator: Coordinator, clock: Clock, has: HasQuirk): Route[] {
  const register = ({ caller, body }: Call) => {
    const session_token = coordinator.register(caller.id, validate(body, REGISTRATION));
    return json(200, { ...OK, session_token });
  };

  const heartbeat = ({ caller, body }: Call) => {
    const known = coordinator.heartbeat(caller.id, validate(body, HEARTBEAT));
    return known ? json(200, OK) : detail(404, "miner not registered");
  };

  const poll = ({ caller, body }: Call) => {
    validate(body, POLL);
    const answer = coordinator.poll(caller.id);
    switch (answer.kind) {
      case "unregistered":
        // Recorded: 500, not 404.
        return has("poll-unknown-500")
          ? internalError("/v1/miners/poll")
          : detail(404, "miner not registered");
      case "nothing":
        return new Response(null, { status: 204 });
      case "job":
        return json(200, assignmentView(answer.job));
      default:
        return unreachable(answer);
    }
  };

  const result = ({ caller, body, param }: Call) => {
    const { result, metrics } = validate(body, RESULT);
    const receipt = coordinator.submitResult({ jobId: param("job"), miner: caller.id, result, metrics });
    return receipt === null ? detail(404, "job not found") : json(200, { ...OK, receipt });
  };

  const fail = ({ caller, body, param }: Call) => {
    const { error_code: code, error_message: message } = validate(body, FAILURE);
    const known = coordinator.fail(param("job"), caller.id, { code, message });
    return known ? json(200, OK) : detail(404, "job not found");
  };

  const jobs = ({ param, query }: Call) => {
    const limit = wholeNumber(query("limit"), 20);
    const offset = wholeNumber(query("offset"), 0);
    const wantedState = query("job_status");
    const state = JOB_STATES.find((known) => known === wantedState?.toUpperCase());
    const type = query("job_type");
    const all = coordinator
      .jobsOf(param("miner"))
      .filter((job) => wantedState === null || job.state === state)
      .filter((job) => type === null || job.payload.type === type);
    const page = all.slice(offset, offset + limit).map(jobView);
    return json(200, { jobs: page, total: all.length, limit, offset, miner_id: param("miner") });
  };

  const earnings = ({ param, query }: Call) => {
    const range = { from: query("from_time"), to: query("to_time") };
    return json(200, earningsView(param("miner"), coordinator.completedOf(param("miner")), range));
  };

  // Acts on the caller, whatever id the path names.
  const capabilities = ({ caller, body, param }: Call) => {
    const values = validate(body, REGISTRATION);
    const session_token = coordinator.register(caller.id, values);
    const told = { miner_id: param("miner"), status: "updated", capabilities: values.capabilities };
    return json(200, { ...told, session_token });
  };

  const deregister = ({ param }: Call) => {
    const miner_id = param("miner");
    const known = coordinator.deregister(miner_id);
    return known ? json(200, { miner_id, status: "deregistered" }) : detail(404, "miner not found");
  };

  const completeLegacy = ({ caller, body, param }: Call) => {
    const { output, receipt } = validate(body, LEGACY_COMPLETION);
    const outcome = coordinator.completeLegacy(param("job"), caller.id, output);
    if ("refusal" in outcome) return detail(400, outcome.refusal);
    const { state } = outcome.job;
    const receipt_hash = receipt?.hash ?? null;
    const completed_at = naiveUtc(clock());
    return json(200, { job_id: param("job"), status: "completed", state, completed_at, receipt_hash });
  };

  // Recorded: this route never works.
  const failLegacy = () => detail(500, "Internal server error");

  const post = (path: string, limit: number, handle: (call: Call) => Response): Route => {
    return { method: "POST", path: `/v1/miners${path}`, role: "miner", limit, handle };
  };
  return [
    post("/register", 50, register),
    post("/heartbeat", 100, heartbeat),
    post("/poll", 100, poll),
    post("/:job/result", 50, result),
    post("/:job/fail", 50, fail),
    post("/:miner/jobs", 200, jobs),
    post("/:miner/earnings", 200, earnings),
    post("/:miner/jobs/:job/complete", 50, completeLegacy),
    post("/:miner/jobs/:job/fail", 50, failLegacy),
    { ...post("/:miner/capabilities", 50, capabilities), method: "PUT" },
    { ...post("/:miner", 50, deregister), method: "DELETE" },
  ];
}

function wholeNumber(query: string | null, fallback: number): number {
  const value = Number(query ?? fallback);
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback;
}
