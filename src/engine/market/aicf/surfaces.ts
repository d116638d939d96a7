/** Which of AICF's three surfaces (queue, node, events) are there, and what is missing without one. */
import type { AicfConfig } from "../../../shared/config.ts";
import type { MarketLimit } from "../../../shared/contract/views.ts";
import { failing, lacking } from "../limits.ts";

type Surface = "node" | "events";
/** "lacking": it answers, and has nothing of AICF's. */
type Answered = boolean | "lacking";

export class Surfaces {
  readonly #config: Pick<AicfConfig, "queueUrl" | "rpcUrl">;
  /** By the last try; a surface nobody has tried yet is not reported. */
  readonly #answers = new Map<Surface, Answered>();

  constructor(config: Pick<AicfConfig, "queueUrl" | "rpcUrl">) {
    this.#config = config;
  }

  note(surface: Surface, answered: Answered): void {
    this.#answers.set(surface, answered);
  }

  limits(): MarketLimit[] {
    const { queueUrl, rpcUrl } = this.#config;
    const limits: MarketLimit[] = [];
    const node = this.#answers.get("node");
    if (queueUrl === null) limits.push(lacking("work", "limitNoQueue"));
    if (rpcUrl === null) limits.push(lacking("money", "limitNoNode"));
    else if (node === false) limits.push(failing("money", "limitNodeSilent"));
    if (node === "lacking") limits.push(lacking("money", "limitNodeLacking"));
    if (this.#answers.get("events") === false) limits.push(failing("news", "limitNoEvents"));
    return limits;
  }
}
