import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const templates = pathToFileURL(join(import.meta.dirname, '../../templates/')).href;

/** Loads templates of both languages, with filters and regular expressions, and evaluates and explains them. */
const script = `
  import { loadDeviceContent } from '${templates}device-content/load.ts';
  const inner = (typeMatchExpression, value) => ({ templateType: 'CalculatedContent', template: {
    typeName: 'pulse', typeMatchExpression, deviceIdExpression: '$.Body.id', timestampExpression: '$.Body.at',
    values: [{ valueName: 'pulse', valueExpression: { value, language: 'JmesPath' }, required: true }] } });
  const template = [
    inner("$..[?(@.unit =~ /^b.m$/i && @.pulse > 5)]", 'add(matchedToken.pulse, \`1\`)'),
    inner({ value: "Body | [@][?pulse > \`5\`]", language: 'JmesPath' }, 'sort_by([matchedToken], &pulse)[0].pulse'),
  ];
  const { template: content } = loadDeviceContent(JSON.stringify({ templateType: 'CollectionContent', template }));
  const message = { Body: { id: 'd', at: '2024-05-06T00:00:00Z', unit: 'BPM', pulse: 60 } };
  const context = { enqueuedAt: '2024-05-06T00:00:00Z' };
  const { outcome } = content.explain(message, context);
  const values = content.normalize(message, context).map(({ properties }) => properties[0].value);
  let refused = 0;
  try { new Function(''); } catch { refused += 1; }
  console.log(JSON.stringify({ refused, values, explained: outcome.measurements.length }));
`;

test('templates are evaluated where no code may be made of texts, as in a page with a strict policy', () => {
  const flags = ['--disallow-code-generation-from-strings', '--disable-warning=ExperimentalWarning'];
  const output = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual({ refused: 1, values: ['61', '60'], explained: 2 });
});
