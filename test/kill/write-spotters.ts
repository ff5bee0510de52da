import type { WriteSpotter } from './proxy.ts';

/**
 * PUTs of Observations: `sampled` ones are merged with what is stored, time and again; `single` ones are created once. A
 * client has one request at a time on a connection, so what the server says next answers it.
 */
export function observationPuts(): WriteSpotter {
  let isPut = false;
  let kind: string | undefined;
  return {
    sent(chunk) {
      const text = chunk.toString('latin1');
      if (/^[A-Z]+ \//.test(text)) {
        isPut = /^PUT \S*\/Observation\//.test(text);
        kind = undefined;
      }
      // The body may come after the head.
      if (isPut && text.includes('"valueSampledData"')) kind = 'sampled';
      else if (isPut && /"(valueQuantity|component)"/.test(text)) kind ??= 'single';
      return kind;
    },
    answered() {
      const answeredKind = kind;
      kind = undefined;
      isPut = false;
      return answeredKind;
    },
  };
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEAD_BYTES = 9;
const DATA = 0;
const HEADERS = 1;

interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** gRPC calls that name a workflow type in their body: of the bridge's, those that signal and start one. */
export function signalCalls(workflowType: string): WriteSpotter {
  const calls = new Set<number>();
  const sent = frameReader();
  const answered = frameReader();
  return {
    sent(chunk) {
      const signals = sent(chunk).filter(({ type, payload }) => type === DATA && payload.includes(workflowType));
      for (const { stream } of signals) calls.add(stream);
      return signals.length > 0 ? 'signal' : undefined;
    },
    answered(chunk) {
      const answers = answered(chunk).filter(
        ({ type, stream }) => (type === DATA || type === HEADERS) && calls.has(stream),
      );
      for (const { stream } of answers) calls.delete(stream);
      return answers.length > 0 ? 'signal' : undefined;
    },
  };
}

/** The HTTP/2 frames that are complete with each chunk. @see https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function frameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (rest.toString('latin1', 0, PREFACE.length) === PREFACE) rest = rest.subarray(PREFACE.length);
    const frames: Frame[] = [];
    while (rest.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + rest.readUIntBE(0, 3);
      if (rest.length < end) break;
      const stream = rest.readUInt32BE(5) & 0x7fffffff;
      frames.push({ type: rest.readUInt8(3), stream, payload: rest.subarray(FRAME_HEAD_BYTES, end) });
      rest = rest.subarray(end);
    }
    return frames;
  };
}
