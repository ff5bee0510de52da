import type { AmqpMessage } from './device-event.ts';
import type { Random } from './physiology.ts';

/** How a body that is one JSON object goes wrong, each in a way that nothing can be read from it. */
const WAYS: readonly ((body: string, random: Random) => string)[] = [cut, withLooseComma, withTextForNumbers];

/** The message with a body that is spoilt: cut off, no JSON, or with texts where numbers belong. */
export function malformed(message: AmqpMessage, random: Random): AmqpMessage {
  const body = (message.body as Buffer).toString();
  const way = WAYS[Math.floor(random() * WAYS.length)] ?? cut;
  return { ...message, body: Buffer.from(way(body, random)) };
}

/** At least its first character is left: no bytes at all would be a body that is null. */
function cut(body: string, random: Random): string {
  return body.slice(0, 1 + Math.floor(random() * (body.length - 1)));
}

function withLooseComma(body: string): string {
  return `${body.slice(0, -1)},}`;
}

/** A text of digits alone would do no harm: values are texts in any case. Where there is no number, it is cut. */
function withTextForNumbers(body: string, random: Random): string {
  const spoilt = JSON.stringify(JSON.parse(body), (_, value: unknown) =>
    typeof value === 'number' ? `${value}?` : value,
  );
  return spoilt === body ? cut(body, random) : spoilt;
}
