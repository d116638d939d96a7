/** What a client of the coordinator calls: submit a job, look at it, fetch its result and receipt. */
import { DAY, SECOND } from "../../shared/durations.ts";
import type { Coordinator } from "./coordinator.ts";
import type { Job } from "./jobs.ts";
import type { HasQuirk } from "./quirks.ts";
import type { Call, Route } from "./route.ts";
import { amount, dict, integer, nullable, text, validate, withDefault } from "./validation.ts";
import { detail, jobView, json } from "./wire.ts";

const MAX_TTL_SECONDS = DAY / SECOND;

const NEW_JOB = {
  payload: dict,
  constraints: withDefault(dict, {}),
  ttl_seconds: withDefault(integer, 900),
  payment_amount: nullable(amount),
  payment_currency: nullable(text),
  buyer_address: nullable(text),
  provider_address: nullable(text),
};

export function clientRoutes(coordinator: Coordinator, has: HasQuirk): Route[] {
  const role = "client";
  const limit = 200;
  const ofJob = (answer: (job: Job) => Response) => (call: Call) => {
    const job = coordinator.readJob(call.param("job"));
    return job ? answer(job) : detail(404, "job not found");
  };
  return [
    {
      method: "POST",
      path: "/v1/jobs",
      role,
      limit: 100,
      handle: ({ caller, body }) => {
        const values = validate(body, NEW_JOB);
        const job = coordinator.submitJob({
          client: caller.id,
          payload: values.payload,
          constraints: values.constraints,
          ttlSeconds: Math.min(Math.max(1, values.ttl_seconds), MAX_TTL_SECONDS),
          amountE8: values.payment_amount,
          buyer: values.buyer_address,
          provider: values.provider_address,
        });
        return json(201, jobView(job));
      },
    },
    { method: "GET", path: "/v1/jobs/:job", role, limit, handle: ofJob((job) => json(200, jobView(job))) },
    {
      method: "GET",
      path: "/v1/jobs/:job/result",
      role,
      limit,
      handle: ofJob(({ result, receipt }) => json(200, { result, receipt })),
    },
    {
      method: "GET",
      path: "/v1/jobs/:job/receipt",
      role: has("receipt-clients-only") ? role : "anyone",
      limit,
      handle: ofJob(({ receipt }) =>
        receipt === null ? detail(404, "receipt not available") : json(200, receipt),
      ),
    },
  ];
}
