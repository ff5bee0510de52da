import { collectionSchema } from '../template-schema.ts';
import type { JsonSchema } from '../template-schema.ts';
import { COLLECTION_MEMBERS } from './collection-members.ts';
import { CONTENT_LANGUAGE } from './content-language.ts';
import type { ContentLanguage } from './content-language.ts';

/** The JSON Schema of a device content file, for editors; the loader sees more. */
export function deviceContentSchema({ kinds }: ContentLanguage = CONTENT_LANGUAGE): JsonSchema {
  return collectionSchema({
    title: 'Device content',
    description: 'How measurements are found in the messages of devices.',
    members: COLLECTION_MEMBERS,
    types: kinds.map(({ spellings, description, schema }) => ({ spellings, description, template: schema })),
  });
}
