/** The node's HTTP surface: POST /rpc and the REST routes under /aicf (protocols/aicf.md §1.1–1.2). */
import { Hono } from "hono";
import { readBody } from "../read-body.ts";
import { MAX_BODY } from "./constants.ts";
import { Refusal } from "./errors.ts";
import { answerRpc } from "./json-rpc.ts";
import type { AicfMarket } from "./market.ts";
import {
  claimPayout,
  getBalance,
  getJob,
  getProvider,
  jobQuery,
  listJobs,
  listProviders,
  number,
} from "./reads.ts";

const MAX_PAGE = 500;

export function nodeApp(market: AicfMarket, onBug: (error: unknown) => void): Hono {
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof Refusal) {
      return c.json({ detail: `${error.code}: ${error.message}` }, error.status === 404 ? 404 : 400);
    }
    onBug(error);
    return c.json({ detail: "Internal Server Error" }, 500);
  });
  app.notFound((c) => c.json({ detail: "Not Found" }, 404));

  app.post("/rpc", async (c) => {
    const bytes = await readBody(c.req.raw, MAX_BODY);
    if (bytes === null) return c.json({ detail: "Request body too large" }, 413);
    const { status, body } = answerRpc(market, Buffer.from(bytes).toString("utf8"), onBug);
    return status === 204 ? c.body(null, 204) : c.json(body, status);
  });

  app.use("/aicf/*", async (c, next) => {
    const problem = pageProblem(c.req.query("limit"), c.req.query("offset"));
    return problem ? c.json({ detail: [problem] }, 422) : next();
  });
  app.get("/aicf/providers", (c) => {
    const page = { offset: number(c.req.query("offset"), 0), limit: number(c.req.query("limit"), 100) };
    return c.json(listProviders(market, page));
  });
  app.get("/aicf/providers/:id", (c) => c.json(getProvider(market, c.req.param("id"))));
  app.get("/aicf/providers/:id/balance", (c) => c.json(getBalance(market, c.req.param("id"))));
  app.post("/aicf/providers/:id/claim", (c) => {
    const upto = c.req.query("uptoEpoch");
    return c.json(claimPayout(market, c.req.param("id"), upto === undefined ? null : Number(upto)));
  });
  app.get("/aicf/jobs", (c) => c.json(listJobs(market, jobQuery(c.req.query()))));
  app.get("/aicf/jobs/:id", (c) => c.json(getJob(market, c.req.param("id"))));
  return app;
}

/** The old pydantic's complaint about a page outside 1…500. */
function pageProblem(limit: string | undefined, offset: string | undefined) {
  if (limit !== undefined && !(Number(limit) >= 1)) return outOfRange("limit", "greater", "ge", 1);
  if (limit !== undefined && !(Number(limit) <= MAX_PAGE)) return outOfRange("limit", "less", "le", MAX_PAGE);
  if (offset !== undefined && !(Number(offset) >= 0)) return outOfRange("offset", "greater", "ge", 0);
  return null;
}

function outOfRange(name: string, word: "greater" | "less", short: "ge" | "le", limit: number) {
  return {
    loc: ["query", name],
    msg: `ensure this value is ${word} than or equal to ${limit}`,
    type: `value_error.number.not_${short}`,
    ctx: { limit_value: limit },
  };
}
