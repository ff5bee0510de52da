/** A unit as UCUM code. */
export type UnitCodes = readonly [string, ...string[]];

/** What a vital signs profile of R4 asks for, as far as a mapping decides it. */
export interface VitalSign {
  readonly name: string;
  /** The code by which an Observation says that it is one. */
  readonly loinc: string;
  /** Codes of LOINC that are more exact, or older: the profile wants its own beside them. */
  readonly besides?: readonly string[];
  /** The units its Quantity may have; undefined when it has no value of its own. */
  readonly units?: UnitCodes;
  /** Those it must have. */
  readonly components?: readonly VitalSignComponent[];
}

export interface VitalSignComponent {
  readonly name: string;
  readonly loinc: string;
  readonly units: UnitCodes;
}

/** @see https://hl7.org/fhir/R4/observation-vitalsigns.html */
export const VITAL_SIGNS: readonly VitalSign[] = [
  { name: 'vital signs panel', loinc: '85353-1' },
  { name: 'respiratory rate', loinc: '9279-1', units: ['/min'] },
  { name: 'heart rate', loinc: '8867-4', units: ['/min'] },
  { name: 'oxygen saturation', loinc: '2708-6', besides: ['59408-5'], units: ['%'] },
  { name: 'body temperature', loinc: '8310-5', units: ['Cel', '[degF]'] },
  { name: 'body height', loinc: '8302-2', besides: ['8306-3'], units: ['cm', '[in_i]'] },
  { name: 'head circumference', loinc: '9843-4', besides: ['8287-5'], units: ['cm', '[in_i]'] },
  { name: 'body weight', loinc: '29463-7', besides: ['3141-9'], units: ['kg', '[lb_av]', 'g'] },
  { name: 'body mass index', loinc: '39156-5', units: ['kg/m2'] },
  {
    name: 'blood pressure',
    loinc: '85354-9',
    besides: ['55284-4'],
    components: [
      { name: 'systolic blood pressure', loinc: '8480-6', units: ['mm[Hg]'] },
      { name: 'diastolic blood pressure', loinc: '8462-4', units: ['mm[Hg]'] },
    ],
  },
];
