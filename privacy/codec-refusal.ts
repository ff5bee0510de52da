/** A request the codec server does not answer, and why. */
export class CodecRefusal extends Error {
  override readonly name = 'CodecRefusal';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
