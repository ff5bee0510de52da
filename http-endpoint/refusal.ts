/** Why a request is not taken: answered as problem details. Its words are for the sender; they are not logged. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** Members of the answer beside `title`, `status` and `detail`. */
  readonly members: Readonly<Record<string, string | number>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail: string,
    more: { members?: Refusal['members']; headers?: Refusal['headers']; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.status = status;
    this.members = more.members ?? {};
    this.headers = more.headers ?? {};
  }
}
