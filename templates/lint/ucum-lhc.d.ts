/** What is used of the library, which has no types of its own. */
declare module '@lhncbc/ucum-lhc' {
  interface Unit {
    readonly name_: string;
  }
  export const UcumLhcUtils: {
    /** Loads the definitions of units the first time. */
    getInstance(): {
      readonly uStrParser_: {
        /**
         * The second of what it gives is the code as understood: another one where it has put codes for names.
         *
         * @throws Error on some of what is no unit
         */
        parseString(
          code: string,
          purpose: 'validate',
          withSuggestions: false,
        ): readonly [unit: Unit | null | undefined, understood: string | null, ...unknown[]];
      };
    };
  };
  export const UnitTables: { getInstance(): { getUnitByCode(code: string): Unit | null | undefined } };
}
