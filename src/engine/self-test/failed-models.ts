/**
 * Which model gives wrong answers on which device, by the newest self-test there: a card whose memory errs is not
 * trusted with that model, and the others go on. Kept in the ledger with the tests, so a restart forgets nothing.
 */
import { type SelfTestReport, SelfTestReportSchema } from "../../shared/contract/self-test.ts";
import type { SeenDevice } from "../ledger/devices.ts";

export interface FailedModel {
  readonly model: string;
  readonly device: { readonly id: string; readonly name: string };
  /** What came out wrong. */
  readonly text: string;
  /** Unix ms. */
  readonly since: number;
}

export interface FailedModelsDeps {
  /** The newest test of a device made with its present driver, JSON; null: there is none. */
  readonly lastReport: (device: SeenDevice) => string | null;
}

export class FailedModels {
  readonly #deps: FailedModelsDeps;
  readonly #failed = new Map<string, FailedModel>();

  constructor(deps: FailedModelsDeps) {
    this.#deps = deps;
  }

  get list(): readonly FailedModel[] {
    return [...this.#failed.values()];
  }

  failedOn(model: string, device: string): boolean {
    return this.#failed.has(keyOf(model, device));
  }

  /** What the ledger knows of a device that begins to work here. */
  recall(device: SeenDevice): void {
    const text = this.#deps.lastReport(device);
    if (text === null) return;
    const report = SelfTestReportSchema.safeParse(JSON.parse(text));
    if (report.success) this.note(report.data);
  }

  /** Only a wrong answer speaks against the model: a hot or slow device does not make results false. */
  note({ device, model, steps, at }: SelfTestReport): void {
    const answer = steps.find(({ name }) => name === "answer");
    if (model === null || answer === undefined || answer.ok === null) return;
    const key = keyOf(model.id, device.id);
    const { id, name } = device;
    if (answer.ok) this.#failed.delete(key);
    else if (!this.#failed.has(key))
      this.#failed.set(key, { model: model.id, device: { id, name }, text: answer.detail, since: at });
  }
}

const keyOf = (model: string, device: string) => `${model}\n${device}`;
