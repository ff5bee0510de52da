/** What people call the vital signs, in words of lower case; none of these names another than its own. */
const NAMES: readonly { readonly codes: readonly string[]; readonly name: string; readonly pattern: RegExp }[] = [
  { codes: ['9279-1'], name: 'respiratory rate', pattern: /\b(?:respirat(?:ory|ion)|resp|breaths?|breathing)\b/ },
  {
    codes: ['8867-4'],
    name: 'heart rate',
    pattern: /\b(?:heart ?(?:rate|beats?)|pulse(?! ?ox)(?: ?rate)?|hr)\b/,
  },
  {
    codes: ['2708-6', '59408-5'],
    name: 'oxygen saturation',
    pattern: /\b(?:spo ?2|sp ?o2|sa ?o2|oxygen ?saturation|o2 ?sat(?:uration)?|pulse ?oximet(?:ry|er))\b/,
  },
  { codes: ['8310-5'], name: 'body temperature', pattern: /\b(?:body ?)?temp(?:erature)?\b/ },
  { codes: ['8302-2', '8306-3'], name: 'body height', pattern: /\b(?:body ?)?height\b/ },
  { codes: ['9843-4', '8287-5'], name: 'head circumference', pattern: /\bhead ?circumference\b/ },
  { codes: ['29463-7', '3141-9'], name: 'body weight', pattern: /\b(?:body ?)?weight\b/ },
  { codes: ['39156-5'], name: 'body mass index', pattern: /\b(?:bmi|body ?mass ?index)\b/ },
  { codes: ['8480-6'], name: 'systolic blood pressure', pattern: /\b(?:systolic|systole|sbp|sys)\b/ },
  { codes: ['8462-4'], name: 'diastolic blood pressure', pattern: /\b(?:diastolic|diastole|dbp|dia)\b/ },
  { codes: ['85354-9', '55284-4', '8480-6', '8462-4'], name: 'blood pressure', pattern: /\b(?:blood ?pressure|bp)\b/ },
  // A panel may be called by its parts.
  { codes: ['85354-9', '55284-4'], name: 'blood pressure', pattern: /\b(?:systolic|diastolic|sys|dia|sbp|dbp)\b/ },
];

/** What a text says of a code: names its vital sign, names another one, or nothing that is known. */
export type Naming =
  | { readonly names: 'its own' | 'nothing' }
  | { readonly names: 'another'; readonly named: string; readonly coded: string };

/** @param loinc a code of LOINC */
export function namingOf(loinc: string, text: string): Naming {
  const own = NAMES.find(({ codes }) => codes.includes(loinc));
  const words = wordsOf(text);
  const named = NAMES.filter(({ pattern }) => pattern.test(words));
  const [other] = named;
  if (own === undefined || other === undefined) return { names: 'nothing' };
  if (named.some(({ codes }) => codes.includes(loinc))) return { names: 'its own' };
  return { names: 'another', named: other.name, coded: own.name };
}

/** `heartRate` and `heart_rate` as `heart rate`; digits stay with their word. */
function wordsOf(text: string): string {
  return text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .toLowerCase();
}
