/** One of everything that a mapping may say. */
export const CONSTANTS = {
  interpretation: [
    {
      coding: [
        {
          system: 'http://a.test/s',
          version: '1',
          code: 'H',
          display: 'High',
          _display: { extension: [{ url: 'http://a.test/lang', valueCode: 'en' }] },
          userSelected: true,
        },
      ],
      text: 'high',
    },
  ],
  method: { id: 'm', text: 'by hand' },
  bodySite: { coding: [{ code: 'arm' }] },
  note: [{ authorString: 'me', time: '2024-01-01', text: 'seen' }],
  performer: [
    {
      reference: 'Organization/1',
      type: 'Organization',
      identifier: {
        use: 'official',
        system: 'urn:a',
        value: 'v',
        period: { start: '2024' },
        assigner: { display: 'd' },
      },
    },
  ],
  extension: [
    { url: 'http://a.test/one', valueBoolean: true },
    {
      url: 'http://a.test/many',
      extension: [
        { url: 'decimal', valueDecimal: 22.4 },
        { url: 'integer', valueInteger: -1 },
        { url: 'positive', valuePositiveInt: 1 },
        { url: 'when', valueInstant: '2024-01-01T00:00:00Z' },
        { url: 'less', valueQuantity: { comparator: '<', value: 1, unit: 'u', system: 'urn:u', code: 'c' } },
        { url: 'ratio', valueRatio: { numerator: { value: 1 }, denominator: { value: 2 } } },
      ],
    },
  ],
  referenceRange: [
    {
      low: { value: 1, unit: 'u', system: 'urn:u', code: 'c' },
      appliesTo: [{ text: 'women' }],
      age: { high: { value: 17 } },
      text: 'under 18',
    },
  ],
  meta: { profile: ['http://a.test/profile'], tag: [{ system: 'urn:t', code: 'home' }] },
};
const { interpretation, referenceRange, extension } = CONSTANTS;

/** One of everything that it may say of a component. */
export const COMPONENT_CONSTANTS = { interpretation, referenceRange, extension };
