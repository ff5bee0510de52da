import { JMES_FUNCTIONS } from '../expression/jmes-functions.ts';
import type { JmesFunctions } from '../expression/jmes-functions.ts';
import { calculatedContent } from './kinds/calculated-content.ts';
import { iotCentralJsonPathContent } from './kinds/iot-central-json-path-content.ts';
import { iotJsonPathContent } from './kinds/iot-json-path-content.ts';
import { jsonPathContent } from './kinds/json-path-content.ts';
import type { TemplateKind } from './template-kind.ts';

/** What device content templates are written in. */
export interface ContentLanguage {
  readonly kinds: readonly TemplateKind[];
  readonly functions: JmesFunctions;
}

/** The one place where template types are registered; functions are in `expression/custom-functions.ts`. */
export const CONTENT_LANGUAGE: ContentLanguage = {
  kinds: [calculatedContent, jsonPathContent, iotJsonPathContent, iotCentralJsonPathContent],
  functions: JMES_FUNCTIONS,
};
