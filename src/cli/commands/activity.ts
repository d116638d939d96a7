/** `bellows activity`: what the engine did and why, the newest first. */
import type { ActivityEvent, ActivityFilter } from "../../shared/contract/activity.ts";
import type { CliContext } from "../context.ts";
import type { EngineClient } from "../engine-client.ts";
import { dateTime, marketName, table } from "../format.ts";

export interface ActivityOptions {
  readonly filter: ActivityFilter;
  readonly limit: number;
  readonly json: boolean;
}

export async function activity(
  context: CliContext,
  engine: EngineClient,
  { filter, limit, json }: ActivityOptions,
): Promise<void> {
  const events: ActivityEvent[] = [];
  // A search hands out what it found so far, which may be nothing: then it goes on.
  for (let before: number | null | undefined; before !== null && events.length < limit; ) {
    const page = await engine.invoke("activity.list", {
      ...filter,
      limit: limit - events.length,
      ...(before !== undefined && { before }),
    });
    events.push(...page.events);
    before = page.next;
  }
  if (json) return context.terminal.json({ events });
  for (const line of activityLines(events)) context.terminal.print(line);
}

export function activityLines(events: readonly ActivityEvent[]): string[] {
  if (events.length === 0) return ["Nothing matches."];
  return table<ActivityEvent>(
    [
      { title: "When", value: ({ at }) => dateTime(at) },
      { title: "Level", value: ({ level }) => level },
      { title: "Market", value: ({ market }) => (market === null ? "" : marketName(market)) },
      { title: "Event", value: ({ type }) => type },
      { title: "What", value: ({ text }) => (text ?? "").replaceAll(/\s+/g, " ") },
    ],
    events,
  );
}
