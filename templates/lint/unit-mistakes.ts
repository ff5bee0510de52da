/** What people write, in lower case, by the UCUM code that it stands for. */
const MISSPELT: Readonly<Record<string, readonly string[]>> = {
  '/min': [
    ...['bpm', 'bmp', 'brpm', 'rpm', 'beat/min', 'beats/min', 'beats/minute', 'beats per minute', 'breath/min'],
    ...['breaths/min', 'breaths/minute', 'breaths per minute', 'resp/min', 'count/min', 'counts/min', '/minute'],
    ...['1/minute', 'per min', 'per minute'],
  ],
  'mm[Hg]': ['mmhg', 'mm hg', 'mm(hg)', 'mm/hg', 'mm[hg]', 'mm_hg'],
  'cm[H2O]': ['cmh2o', 'cm h2o', 'cm(h2o)', 'cm[h2o]'],
  Cel: ['°c', 'degc', 'deg c', 'deg_c', '[degc]', 'cel', 'celsius', 'degree celsius', 'degrees celsius', '℃'],
  '[degF]': ['°f', 'degf', 'deg f', 'deg_f', '[degf]', 'fahrenheit', 'degree fahrenheit', 'degrees fahrenheit', '℉'],
  '[lb_av]': ['lb', 'lbs', 'lb_av', 'lbs_av', '[lb]', '[lbs]', 'pound', 'pounds'],
  '[oz_av]': ['oz', 'ounce', 'ounces'],
  '[in_i]': ['in', 'inch', 'inches', 'in_i', '[in]'],
  '[ft_i]': ['foot', 'feet', 'ft_i', '[ft]'],
  '[yd_i]': ['yard', 'yards'],
  '[mi_i]': ['mi', 'mile', 'miles'],
  kg: ['kg', 'kgs', 'kilo', 'kilos', 'kilogram', 'kilograms'],
  'kg/m2': ['kg/m2', 'kg/m^2', 'kg/m²', 'kgm2', 'bmi'],
  g: ['gm', 'gram', 'grams'],
  ug: ['mcg', 'µg', 'μg', 'microgram', 'micrograms'],
  uV: ['µv', 'μv', 'uv', 'microvolt', 'microvolts'],
  mV: ['millivolt', 'millivolts'],
  cm: ['cm', 'cms', 'centimeter', 'centimeters', 'centimetre', 'centimetres'],
  m: ['meter', 'meters', 'metre', 'metres'],
  km: ['km', 'kms', 'kilometer', 'kilometers', 'kilometre', 'kilometres'],
  'm/s2': ['m/s^2', 'm/s²', 'm/s/s'],
  '%': ['percent', 'percentage', 'pct', 'spo2'],
  ms: ['msec', 'msecs', 'millisecond', 'milliseconds'],
  s: ['sec', 'secs', 'second', 'seconds'],
  min: ['mins', 'minute', 'minutes'],
  h: ['hr', 'hrs', 'hour', 'hours'],
  d: ['day', 'days'],
  wk: ['week', 'weeks'],
  mo: ['month', 'months'],
  a: ['year', 'years', 'yr', 'yrs'],
  Hz: ['hz', 'hertz'],
  W: ['watt', 'watts'],
  Ohm: ['ohm', 'ohms', 'Ω', 'ω'],
  kcal: ['kcal', 'kcals', 'calories', 'kilocalorie', 'kilocalories'],
  'mg/dL': ['mgdl', 'mg dl', 'mg per dl'],
  'L/min': ['lpm'],
  '{steps}': ['step', 'steps'],
  '{count}': ['count', 'counts'],
  '{score}': ['score', 'points'],
  '[IU]': ['iu'],
  '[ppm]': ['ppm'],
  '[psi]': ['psi'],
};

/** UCUM codes that are rarely meant, and what is meant instead. */
const MISTAKEN: Readonly<Record<string, readonly [means: string, meant: string]>> = {
  C: ['coulomb', 'Cel'],
  F: ['farad', '[degF]'],
  ft: ['a femtotonne', '[ft_i]'],
  yd: ['a yoctoday', '[yd_i]'],
  mph: ['a milliphot', '[mi_i]/h'],
  kph: ['a kilophot', 'km/h'],
  pH: ['a picohenry', '[pH]'],
};

const BY_MISTAKE = new Map(
  Object.entries(MISSPELT).flatMap(([code, written]) => written.map((each) => [each, code] as const)),
);
const BY_OTHER_UNIT = new Map(Object.entries(MISTAKEN));

/** The UCUM code that a text stands for which is none itself; undefined when it is anybody's guess. */
export function meantByMisspelt(text: string): string | undefined {
  return BY_MISTAKE.get(text.trim().toLowerCase());
}

/** What a UCUM code means that is rarely meant, and which likely is. */
export function meantByOtherUnit(code: string): readonly [means: string, meant: string] | undefined {
  return BY_OTHER_UNIT.get(code);
}
