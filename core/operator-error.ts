/**
 * An error whose message tells a person all there is to know: what is wrong, where, and the way out. It is shown as it
 * is, without a stack; everything else that is thrown is a defect.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError';
}
