/** Where an engine's log lies: in its data folder, for whoever looks for it from outside. */
import path from "node:path";

export const logFileOf = (dataFolder: string): string => path.join(dataFolder, "logs", "bellows.log");
