// Why set-up stopped: one sentence with the way out, and an exit code of its own per reason.

export const exitCodes = {
  usage: 2,
  node: 10,
  packages: 11,
  model: 12,
  electron: 13,
  systemPackages: 14,
  disk: 15,
  llama: 16,
  interrupted: 130,
};

export class SetupFailure extends Error {
  /** @param {keyof typeof exitCodes} reason @param {string} sentence cause and way out, for a person */
  constructor(reason, sentence) {
    super(sentence);
    this.name = "SetupFailure";
    this.reason = reason;
    this.exitCode = exitCodes[reason];
  }
}
