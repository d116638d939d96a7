/** A provider key that was made just now in a container that will take it along: said at once, while nothing hangs on it yet. */

import { AppError } from "../../shared/errors.ts";
import type { Fleeting } from "../config/fleeting-folder.ts";

const WHERE: Readonly<Record<Fleeting, string>> = {
  container: "in the container itself and goes with it",
  volume: "in a volume without a name, which goes with the container or is not found again",
  pod: "in a folder of the pod and goes with it",
};

/** `dataFolder`: the one to keep, as `-v` or a volume claim would name it. */
export function fleetingKey(place: Fleeting, dataFolder: string): AppError {
  return new AppError({
    code: "KEY_FLEETING",
    message: `The new provider key lies ${WHERE[place]}; stake and earnings hang on it`,
    actor: "user",
    help:
      place === "pod"
        ? `Give ${dataFolder} a volume of its own and start again, or export the key now: bellows identity export.`
        : `Start again with -v bellows-data:${dataFolder}, or export the key now: bellows identity export.`,
  });
}
