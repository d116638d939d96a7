/** Why a text can't be used (`message` follows the setting's name) and what to write instead. */
export class Refusal extends Error {
  readonly fix: string;

  constructor(reason: string, fix: string) {
    super(reason);
    this.fix = fix;
  }
}
