import { oneOf } from '../template-schema.ts';
import type { MemberTable } from '../template-schema.ts';
import type { BodyReader } from './message-body.ts';

/** Ignoring case, the usual spelling first. */
export const COLLECTION_TYPES = ['CollectionContent', 'CollectionContentTemplate'] as const;
export const BODY_READERS: readonly BodyReader[] = ['strict', 'lenient'];

/** The members of a file besides its list of templates. */
export const COLLECTION_MEMBERS = {
  $schema: { description: 'Where editors find the schema of this file.', schema: { type: 'string' } },
  templateType: { description: 'What this file is.', schema: oneOf(COLLECTION_TYPES), isRequired: true },
  body: {
    description:
      'How the bodies of messages are read: strict is JSON; lenient is what the original takes, with comments, single quotes, names without quotes and the like.',
    schema: { ...oneOf(BODY_READERS), default: 'strict' },
  },
} satisfies MemberTable;
