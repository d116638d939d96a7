/**
 * A worker's snapshot, read for what the fleet shows and nothing more: a worker of another version may say more, less, or
 * other things beside it. What a row of a list says in words unknown here is left out, as with metrics.
 */
import { z } from "zod";
import {
  EngineViewSchema,
  HeadlineSchema,
  StateSchema,
  ThroughputViewSchema,
} from "../../shared/contract/views.ts";

/** Each row that can be understood. */
function rows<T extends z.ZodType>(row: T) {
  return z.array(z.unknown()).transform((found) =>
    found.flatMap((each): z.output<T>[] => {
      const read = row.safeParse(each);
      return read.success ? [read.data] : [];
    }),
  );
}

const { devices, markets, earnings, models } = StateSchema.shape;
const device = devices.element.pick({
  id: true,
  kind: true,
  name: true,
  state: true,
  temperatureC: true,
  powerW: true,
  utilisationPct: true,
});

export const ToldSchema = z.object({
  state: z.object({
    engine: EngineViewSchema.pick({ version: true, mode: true, intent: true, startedAt: true }),
    headline: HeadlineSchema.pick({ level: true, sentence: true }).extend({
      said: HeadlineSchema.shape.said.catch(undefined),
    }),
    devices: rows(
      device.extend({
        verdict: z.object({ usable: z.boolean(), code: z.string().optional() }).nullish().catch(null),
        gpu: z.object({ driver: z.string().nullable() }).nullish().catch(null),
      }),
    ),
    markets: rows(
      markets.element.pick({ id: true, state: true, lastHeartbeatAckAt: true, leasesHeld: true }),
    ),
    earnings: rows(
      earnings.element.pick({ market: true, settledTotal: true, pendingTotal: true, settledToday: true }),
    ),
    throughput: ThroughputViewSchema.pick({ acceptedTotal: true }),
    models: rows(models.element.pick({ id: true, state: true })),
  }),
});
export type ToldState = z.infer<typeof ToldSchema>["state"];

/** Which Bellows it says it is; null: it says nothing of the kind. */
export function versionOf(answer: unknown): string | null {
  const read = z
    .object({ state: z.object({ engine: z.object({ version: z.string().min(1).max(60) }) }) })
    .safeParse(answer);
  return read.success ? read.data.state.engine.version : null;
}
